//! What keys do, wherever one is.

use super::{Act, Form, Key, Request, State, View};
use crate::cli::describe;
use crate::cli::tui::page::{Page, Topic};
use sempre_protocol::api::SessionState;

impl State {
    pub(super) fn key(&mut self, key: &Key) -> Option<Act> {
        match key {
            Key::Ctrl('c') => return Some(Act::Quit),
            Key::Ctrl('l') => return Some(Act::Redraw),
            Key::Ctrl('z') => return Some(Act::Suspend),
            // Nobody does anything to what cannot be seen.
            _ if self.is_too_small() => return (*key == Key::Char('q')).then_some(Act::Quit),
            _ => {}
        }
        match self.view.clone() {
            View::List => self.list_key(key),
            View::Filter => {
                self.filter_key(key);
                None
            }
            View::Question(request) => self.question_key(key, request),
            View::New(form) => self.form_key(key, form),
            View::Page(page) => self.page_key(key, page),
        }
    }

    fn list_key(&mut self, key: &Key) -> Option<Act> {
        if self.move_by(key) {
            return None;
        }
        self.message = None;
        match key {
            Key::Char('q') => return Some(Act::Quit),
            Key::Enter | Key::Char('a') => return self.attach(),
            Key::Escape => self.filter = Default::default(),
            Key::Char('/') => self.view = View::Filter,
            Key::Char('n') => self.view = View::New(Form::default()),
            Key::Char('e') => self.ask_to_end(),
            Key::Char('r') => self.ask_to_restart(),
            Key::Char('d') | Key::Delete => self.ask_to_remove(),
            Key::Char('i') | Key::Char(' ') => match self.selected {
                Some(id) => self.view = View::Page(Page::new(Topic::Session(id))),
                None => self.message = Some(NOTHING.to_owned()),
            },
            Key::Char('h') => self.view = View::Page(Page::new(Topic::Health)),
            Key::Char('?') => self.view = View::Page(Page::new(Topic::Help)),
            _ => {}
        }
        None
    }

    /// Moves the selection, if that is what the key is for.
    fn move_by(&mut self, key: &Key) -> bool {
        let last = self.listed.len().saturating_sub(1);
        let page = self.list_rows();
        let at = match key {
            Key::Up | Key::Char('k') => self.at.saturating_sub(1),
            Key::Down | Key::Char('j') => self.at + 1,
            Key::PageUp => self.at.saturating_sub(page),
            Key::PageDown => self.at + page,
            Key::Home | Key::Char('g') => 0,
            Key::End | Key::Char('G') => last,
            _ => return false,
        };
        self.at = at.min(last);
        self.selected = self.listed.get(self.at).copied();
        true
    }

    fn filter_key(&mut self, key: &Key) {
        match key {
            Key::Enter => self.view = View::List,
            Key::Escape => {
                self.filter = Default::default();
                self.view = View::List;
            }
            Key::Char(_) | Key::Paste(_) | Key::Backspace | Key::Ctrl(_) => drop(self.filter.take(key)),
            key => drop(self.move_by(key)),
        }
    }

    fn question_key(&mut self, key: &Key, request: Request) -> Option<Act> {
        match key {
            Key::Char('y' | 'Y') => {
                self.view = View::List;
                self.ask(request)
            }
            Key::Char('n' | 'N' | 'q') | Key::Escape => {
                self.view = View::List;
                self.message = Some("nothing was done".to_owned());
                None
            }
            _ => None,
        }
    }

    fn form_key(&mut self, key: &Key, mut form: Form) -> Option<Act> {
        self.view = match key {
            Key::Escape => View::List,
            Key::Enter => {
                self.view = View::List;
                return self.ask(Request::Create {
                    name: form.name.text().trim().to_owned(),
                    command: form.command.text().trim().to_owned(),
                });
            }
            key => {
                form.take(key);
                View::New(form)
            }
        };
        None
    }

    fn page_key(&mut self, key: &Key, mut page: Page) -> Option<Act> {
        let rows = page.rows(self);
        match key {
            Key::Char('q') | Key::Escape | Key::Enter => {
                self.view = View::List;
                return None;
            }
            // Pressed by habit where it opened the page.
            Key::Char('?') if page.topic == Topic::Help => {
                self.view = View::List;
                return None;
            }
            Key::Up | Key::Char('k') => page.top = page.top.saturating_sub(1),
            Key::Down | Key::Char('j') => page.top += 1,
            Key::PageUp => page.top = page.top.saturating_sub(rows),
            Key::PageDown | Key::Char(' ') => page.top += rows,
            Key::Home | Key::Char('g') => page.top = 0,
            Key::End | Key::Char('G') => page.top = page.last_top(self),
            _ => {}
        }
        self.view = View::Page(page);
        None
    }

    fn attach(&mut self) -> Option<Act> {
        if self.selected.is_none() {
            self.message = Some(NOTHING.to_owned());
        }
        self.selected.map(Act::Attach)
    }

    fn ask_to_end(&mut self) {
        self.question(|id, runs| match runs {
            true => Ok(Request::End(id)),
            false => Err("has ended already: r starts it again, d removes it"),
        });
    }

    fn ask_to_restart(&mut self) {
        self.question(|id, runs| match runs {
            true => Err("still runs: e ends it"),
            false => Ok(Request::Restart(id)),
        });
    }

    fn ask_to_remove(&mut self) {
        self.question(|id, runs| Ok(Request::Remove { id, runs }));
    }

    fn question(
        &mut self,
        request: impl FnOnce(sempre_protocol::SessionId, bool) -> Result<Request, &'static str>,
    ) {
        let Some(heard) = self.chosen() else {
            self.message = Some(NOTHING.to_owned());
            return;
        };
        let id = heard.info.session_id;
        match request(id, heard.info.state == SessionState::Active) {
            Ok(request) => self.view = View::Question(request),
            Err(why) => self.message = Some(format!("{} {why}", describe::short(id))),
        }
    }

    fn ask(&mut self, request: Request) -> Option<Act> {
        // Said already, where this would be.
        if self.world.trouble.is_some() {
            return None;
        }
        if let Some(asked) = &self.asked {
            self.message = Some(format!("still {}; try again in a moment", asked.words()));
            return None;
        }
        self.asked = Some(request.clone());
        Some(Act::Ask(request))
    }
}

const NOTHING: &str = "there is no session here; n starts one";
