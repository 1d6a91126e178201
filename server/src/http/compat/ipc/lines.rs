//! Lines of a connection: of a limited length, and once begun of a limited time.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};

use super::Fault;

/// Longest line a client may send, bytes without its end.
pub(super) const MAX_LINE_BYTES: usize = 512 * 1024;
/// A line that has begun ends within this long.
const LINE_LIMIT: Duration = Duration::from_secs(2);
/// Bytes read at once.
const CHUNK_BYTES: usize = 8 * 1024;

/// Why there is no next line.
#[derive(Debug)]
pub(super) enum LineError {
    /// The client is gone, or said nothing for too long.
    Gone,
    /// The client is told.
    Wrong(Fault),
}

/// Lines on their way in.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: R,
    read: Vec<u8>,
    /// Bytes of `read` that are known to hold no line end.
    looked_at: usize,
    /// When the unfinished line in `read` began.
    begun: Option<Instant>,
    /// How long a line may take to begin.
    idle: Option<Duration>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(source: R, idle: Duration) -> Self {
        Self {
            source,
            read: Vec::new(),
            looked_at: 0,
            begun: None,
            idle: Some(idle),
        }
    }

    /// From now on a line may begin whenever it likes.
    pub(super) fn wait_for_ever(&mut self) {
        self.idle = None;
    }

    /// The next line that is not blank; none: the client has said all. Safe to drop and call again.
    ///
    /// # Errors
    /// [`LineError`].
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, LineError> {
        // While nobody read here the client could not end its line.
        self.begun = self.begun.map(|_| Instant::now());
        loop {
            while let Some(line) = self.take_line() {
                if !line.trim_ascii().is_empty() {
                    return Ok(Some(line));
                }
            }
            if self.read.len() > MAX_LINE_BYTES {
                let message = format!("a line has at most {MAX_LINE_BYTES} bytes");
                return Err(LineError::Wrong(Fault::new("line_too_long", message)));
            }
            if self.more().await? == 0 {
                // The last line may lack its end.
                let last = std::mem::take(&mut self.read);
                return Ok(Some(last).filter(|last| !last.trim_ascii().is_empty()));
            }
        }
    }

    fn take_line(&mut self) -> Option<Vec<u8>> {
        let rest = self.read.get(self.looked_at..).unwrap_or_default();
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            self.looked_at = self.read.len();
            return None;
        };
        let rest = self.read.split_off(self.looked_at + end + 1);
        let mut line = std::mem::replace(&mut self.read, rest);
        line.pop();
        self.looked_at = 0;
        self.begun = (!self.read.is_empty()).then(Instant::now);
        Some(line)
    }

    async fn more(&mut self) -> Result<usize, LineError> {
        let now = Instant::now();
        let until = match self.begun {
            Some(begun) => Some(begun + LINE_LIMIT),
            None => self.idle.map(|idle| now + idle),
        };
        let mut chunk = [0; CHUNK_BYTES];
        let reading = self.source.read(&mut chunk);
        let read = match until {
            Some(until) => timeout_at(until, reading).await,
            None => Ok(reading.await),
        };
        match read {
            Ok(Ok(count)) => {
                self.read
                    .extend_from_slice(chunk.get(..count).unwrap_or_default());
                self.begun.get_or_insert_with(Instant::now);
                Ok(count)
            }
            Err(_) if self.begun.is_some() => {
                let message = format!("a line that has begun ends within {LINE_LIMIT:?}");
                Err(LineError::Wrong(Fault::new("timed_out", message)))
            }
            Ok(Err(_)) | Err(_) => Err(LineError::Gone),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    const IDLE: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn d3_a_line_that_has_begun_ends_in_time_and_one_that_has_not_may_wait() {
        let (near, mut far) = duplex(64);
        let mut lines = Lines::new(near, IDLE);
        far.write_all(b"\n {\"a\":1}\n\n{").await.unwrap();
        assert_eq!(lines.next().await.unwrap().unwrap(), b" {\"a\":1}");
        let Err(LineError::Wrong(fault)) = lines.next().await else {
            panic!("it waits for ever");
        };
        assert_eq!(fault.code, "timed_out");
        let (near, mut far) = duplex(64);
        let mut lines = Lines::new(near, Duration::from_millis(1));
        assert!(matches!(lines.next().await, Err(LineError::Gone)));
        lines.wait_for_ever();
        let (line, ()) = tokio::join!(lines.next(), async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            far.write_all(b"late\n").await.unwrap();
        });
        assert_eq!(line.unwrap().unwrap(), b"late");
    }

    #[tokio::test]
    async fn d3_a_line_is_not_longer_than_its_limit_and_the_last_may_lack_its_end() {
        let (near, mut far) = duplex(64);
        let mut lines = Lines::new(near, IDLE);
        let writing = tokio::spawn(async move {
            let fits = [vec![b'x'; MAX_LINE_BYTES], b"\nlast".to_vec()].concat();
            far.write_all(&fits).await
        });
        assert_eq!(lines.next().await.unwrap().unwrap().len(), MAX_LINE_BYTES);
        assert_eq!(lines.next().await.unwrap().unwrap(), b"last");
        assert_eq!(lines.next().await.unwrap(), None);
        writing.await.unwrap().unwrap();
        let (near, mut far) = duplex(64);
        let mut lines = Lines::new(near, IDLE);
        let writing = tokio::spawn(async move { far.write_all(&vec![b'x'; MAX_LINE_BYTES + 9000]).await });
        let Err(LineError::Wrong(fault)) = lines.next().await else {
            panic!("it is too long");
        };
        assert_eq!(fault.code, "line_too_long");
        drop(lines);
        writing.await.unwrap().unwrap_err();
    }
}
