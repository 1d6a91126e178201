//! `sempre tui`: the sessions in a list that is kept up, to attach to, start, end and remove (row T9).

mod draw;
mod form;
mod keys;
mod list;
mod model;
mod page;
mod requests;
#[cfg(test)]
mod sample;
mod stage;
mod watch;
mod wrapping;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use rustix::process::{Signal, kill_current_process_group};
use sempre_protocol::{SessionId, Size};
use tokio::sync::watch::{Receiver, channel};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Interval, MissedTickBehavior, interval};

use self::draw::Colours;
use self::keys::Keys;
use self::model::{Act, Done, Event, Request, State};
use self::requests::Asker;
use self::stage::Stage;
use self::watch::{World, keep_up};
use super::attach::{self, End, LocalFlags};
use super::connect::{ServerFlags, block_on};
use super::exit::Outcome;
use super::signals::Signals;
use super::table::plain;
use super::{describe, local_terminal};
use crate::calendar::now_ms;

/// Between two looks at the clock: how long ago things were grows.
const CLOCK: Duration = Duration::from_secs(1);
/// The number of SIGHUP: the terminal is gone.
const HANGUP: u8 = 1;

/// Flags of `sempre tui`.
#[derive(Debug, Args)]
#[command(after_help = "\
Shows every session as it changes; Enter attaches, the detach key comes back; `?` tells the other keys. Colours are \
left out if NO_COLOR is set. Takes a terminal of at least 40x10.")]
pub(super) struct Flags {
    #[command(flatten)]
    local: LocalFlags,

    #[command(flatten)]
    server: ServerFlags,
}

pub(super) fn run(flags: Flags) -> Outcome {
    demand_terminal(std::env::var("TERM").ok().as_deref())?;
    let client = flags.server.client()?;
    let asker = Asker {
        client,
        remote: flags.server.is_remote(),
    };
    block_on(async {
        // Before the terminal is taken: without a server there is nothing to show.
        let world = World::ask(&asker.client).await?;
        let signals = Signals::listen()?;
        let (tell, news) = channel(world);
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_up(asker.client.clone(), tell));
        let ended = Tui::new(asker, flags.local, news, signals).run().await;
        tasks.shutdown().await;
        ended
    })
}

fn demand_terminal(term: Option<&str>) -> anyhow::Result<()> {
    if !local_terminal::is_terminal() {
        bail!("sempre tui takes a terminal; without one there is `sempre list`, with --watch or --json");
    }
    match term {
        Some("dumb" | "") | None => bail!(
            "TERM={} says that this terminal cannot move its cursor; use `sempre list --watch`, or set TERM to what it \
             is, such as xterm",
            term.unwrap_or_default()
        ),
        Some(_) => Ok(()),
    }
}

fn colours() -> Colours {
    match std::env::var_os("NO_COLOR") {
        Some(value) if !value.is_empty() => Colours::None,
        _ => Colours::Basic,
    }
}

/// The loop that lets model, terminal and server hear of each other.
struct Tui {
    asker: Asker,
    local: LocalFlags,
    state: State,
    keys: Keys,
    news: Receiver<World>,
    signals: Signals,
    clock: Interval,
    /// At most one: the model asks one thing at a time.
    asked: JoinSet<Result<Done, String>>,
}

/// What woke the loop.
enum Woken {
    /// By keys or news.
    Heard(Vec<Event>),
    /// By the signal of this number.
    Ended(u8),
}

impl Tui {
    fn new(asker: Asker, local: LocalFlags, mut news: Receiver<World>, signals: Signals) -> Self {
        let world = news.borrow_and_update().clone();
        let mut clock = interval(CLOCK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            // Its true size comes with the stage.
            state: State::new(world, Size::DEFAULT, now_ms(), local.detach_advice()),
            asker,
            local,
            keys: Keys::default(),
            news,
            signals,
            clock,
            asked: JoinSet::new(),
        }
    }

    async fn run(mut self) -> Outcome {
        let mut stage = self.open_stage()?;
        loop {
            tokio::select! {
                shown = stage.show(&self.state) => shown?,
                signal = self.signals.ending.next() => return Ok((128 + signal).into()),
            }
            let events = match self.wake(&mut stage).await? {
                Woken::Ended(signal) => return Ok((128 + signal).into()),
                Woken::Heard(events) => events,
            };
            for event in events {
                match self.state.take(event) {
                    None => {}
                    Some(Act::Quit) => {
                        drop(stage);
                        return self.last_answer().await;
                    }
                    Some(Act::Redraw) => stage.anew(self.state.size)?,
                    Some(Act::Ask(request)) => self.ask(request),
                    Some(Act::Suspend) => {
                        drop(stage);
                        suspend()?;
                        stage = self.open_stage()?;
                        // What was typed before was meant for the shell.
                        break;
                    }
                    Some(Act::Attach(id)) => {
                        drop(stage);
                        let why = match self.attach(id).await {
                            Ok(End::Signal(signal)) => return Ok((128 + signal).into()),
                            ended => back(id, ended),
                        };
                        stage = self.open_stage()?;
                        // An answer that came meanwhile is older than this.
                        while let Some(answer) = self.asked.try_join_next() {
                            self.state.take(answered(answer));
                        }
                        self.state.take(Event::Back(why));
                        // What was typed before was meant for the session.
                        break;
                    }
                }
            }
        }
    }

    /// Waits for what was asked for last: who says yes and leaves means it.
    async fn last_answer(mut self) -> Outcome {
        let answer = tokio::select! {
            answer = self.asked.join_next() => answer,
            signal = self.signals.ending.next() => return Ok((128 + signal).into()),
        };
        match answer {
            Some(Ok(Err(words))) => bail!("{}", words.lines().map(plain).collect::<Vec<_>>().join("\n")),
            _ => Ok(ExitCode::SUCCESS),
        }
    }

    fn open_stage(&mut self) -> anyhow::Result<Stage> {
        let stage = Stage::open(colours())?;
        self.state.take(Event::Size(stage.size()));
        Ok(stage)
    }

    /// Waits until something happens.
    async fn wake(&mut self, stage: &mut Stage) -> anyhow::Result<Woken> {
        let heard = tokio::select! {
            bytes = stage.read() => match bytes? {
                bytes if bytes.is_empty() => return Ok(Woken::Ended(HANGUP)),
                bytes => {
                    let keys = self.keys.feed(&bytes).into_iter();
                    return Ok(Woken::Heard(keys.map(Event::Key).collect()));
                }
            },
            signal = self.signals.ending.next() => return Ok(Woken::Ended(signal)),
            Some(()) = self.signals.resized.recv() => {
                let size = stage.size();
                stage.anew(size)?;
                Event::Size(size)
            }
            Ok(()) = self.news.changed() => Event::News(self.news.borrow_and_update().clone()),
            Some(answer) = self.asked.join_next() => answered(answer),
            _ = self.clock.tick() => Event::Clock(now_ms()),
        };
        Ok(Woken::Heard(vec![heard]))
    }

    fn ask(&mut self, request: Request) {
        let (asker, size) = (self.asker.clone(), self.state.size);
        self.asked.spawn(async move { asker.ask(request, size).await });
    }

    /// Shows a session on the terminal, which is itself before and after that.
    async fn attach(&mut self, id: SessionId) -> anyhow::Result<End> {
        let client = self.asker.client.clone();
        let viewed = async {
            let session = client.session(id).await?;
            attach::view(client, &session, self.local.clone()).await
        };
        tokio::select! {
            ended = viewed => ended,
            // While it is on its way it hears none.
            signal = self.signals.ending.next() => Ok(End::Signal(signal)),
        }
    }
}

/// Stops this job as Ctrl-Z does on a terminal that is not raw. It is back once a shell lets the job go on; at once where
/// there is none that could.
fn suspend() -> anyhow::Result<()> {
    kill_current_process_group(Signal::TSTP).context("cannot suspend")
}

/// What came of what was asked for.
fn answered(answer: Result<Result<Done, String>, JoinError>) -> Event {
    Event::Answer(answer.unwrap_or_else(|error| Err(format!("it was not done: {error}"))))
}

/// Why the terminal is back from a session.
fn back(id: SessionId, ended: anyhow::Result<End>) -> String {
    let short = describe::short(id);
    match ended {
        Ok(End::Detached | End::Signal(_)) => format!("detached from {short}"),
        Ok(End::Exit(status)) => format!("{short} {}", describe::exit(status)),
        Err(error) => format!("{error:#}"),
    }
}
