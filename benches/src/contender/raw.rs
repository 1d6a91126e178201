//! The limit to compare with: a PTY read and written by this program itself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::time::Duration;

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::{Column, Contender, Manner, Seen, Server, Viewer};
use crate::processes::Pids;

const READ_BYTES: usize = 64 * 1024;

/// The kernel's limit.
pub(crate) struct Raw;

impl Contender for Raw {
    fn column(&self) -> Column {
        Column::Raw
    }

    fn version(&self) -> Result<String, String> {
        Ok("a PTY that the benchmark reads and writes itself".into())
    }

    fn start(&self, _scrollback: usize) -> anyhow::Result<Box<dyn Server>> {
        Ok(Box::<Ptys>::default())
    }
}

/// PTYs by number.
#[derive(Default)]
struct Ptys(RefCell<HashMap<String, Pty>>);

struct Pty {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server for Ptys {
    fn column(&self) -> Column {
        Column::Raw
    }

    fn create(&self, command: &[&str]) -> anyhow::Result<String> {
        let size = PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size)?;
        let mut builder = CommandBuilder::from_argv(command.iter().map(Into::into).collect());
        builder.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(builder)?;
        let id = child.process_id().context("a child without a pid")?.to_string();
        let pty = Pty {
            master: pair.master,
            child,
        };
        self.0.borrow_mut().insert(id.clone(), pty);
        Ok(id)
    }

    fn attach(&self, session: &str, _manner: Manner) -> anyhow::Result<Box<dyn Viewer>> {
        let ptys = self.0.borrow();
        let pty = ptys.get(session).context("no such PTY")?;
        Ok(Box::new(Ends {
            reader: pty.master.try_clone_reader()?,
            writer: pty.master.take_writer()?,
            buffer: BytesMut::new(),
        }))
    }

    fn end(&self, session: &str) -> anyhow::Result<()> {
        self.0.borrow_mut().remove(session);
        Ok(())
    }

    fn pids(&self) -> anyhow::Result<Pids> {
        Ok(Pids::default())
    }

    fn rest(&self) -> Duration {
        Duration::ZERO
    }
}

/// Both directions of a PTY.
struct Ends {
    reader: Box<dyn Read + Send>,
    writer: Box<dyn Write + Send>,
    buffer: BytesMut,
}

impl Viewer for Ends {
    fn next(&mut self) -> anyhow::Result<Seen> {
        self.buffer.resize(READ_BYTES, 0);
        // The end of a PTY is an error on Linux.
        let count = self.reader.read(&mut self.buffer)?;
        anyhow::ensure!(count > 0, "the program ended");
        Ok(Seen::Output(Bytes::copy_from_slice(
            self.buffer.get(..count).unwrap_or_default(),
        )))
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.writer.write_all(bytes)?)
    }

    fn drawn(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
