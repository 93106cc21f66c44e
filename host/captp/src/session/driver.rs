use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::Reader;
use super::output::Flushed;
use crate::Reason;
use crate::link::Link;
use crate::netstring::{Decoder, NetstringError};

/// How long a peer may take to read the last words, and to end its side.
const LINGER: Duration = Duration::from_secs(1);

/// How often a session reads and acts before others get their turn.
const ROUNDS: usize = 8;

/// Drives a session to its end.
pub(super) async fn run(link: Arc<Link>, reader: Reader) {
    let mut driver = Driver {
        decoder: Decoder::new(link.limits().frame_bytes),
        link,
        reader,
        deadline: None,
        stalled: None,
        more: false,
    };
    poll_fn(|cx| driver.poll(cx)).await;
    driver.finish().await;
}

struct Driver {
    link: Arc<Link>,
    reader: Reader,
    decoder: Decoder,
    deadline: Option<Pin<Box<Sleep>>>,
    /// Runs while this side does not read because the peer does not; with what was written when it started.
    stalled: Option<(Pin<Box<Sleep>>, u64)>,
    /// The decoder may have frames that were not taken.
    more: bool,
}

impl Driver {
    /// Reads, acts and writes until the connection is at its end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.link.output.register(cx);
        for _ in 0..ROUNDS {
            self.poll_deadlines(cx);
            self.link.output.set_reading(true);
            let progress = self.act(cx);
            self.link.output.set_reading(false);
            let flushed = self.link.output.flush(&self.link, Some(cx.waker()));
            if flushed == Flushed::Failed {
                self.link.handle_end(Reason::Io("the stream can not be written to".into()));
            }
            self.link.output.tell_waiting();
            if self.link.closed().is_some() {
                return Poll::Ready(());
            }
            match progress {
                Progress::Acted => {}
                Progress::Idle => return Poll::Pending,
                Progress::Full => {
                    if !self.is_full() {
                        self.stalled = None;
                        continue;
                    }
                    return self.poll_stalled(cx);
                }
            }
        }
        // Other sessions on this thread are served too.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Acts on what has come, or reads more if there is nothing.
    fn act(&mut self, cx: &mut Context<'_>) -> Progress {
        if self.is_full() {
            return Progress::Full;
        }
        self.stalled = None;
        if !self.more {
            match self.poll_read(cx) {
                Poll::Pending => return Progress::Idle,
                Poll::Ready(Ok(0)) => {
                    self.end();
                    return Progress::Acted;
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => {
                    self.link.handle_end(Reason::Io(error.to_string().into()));
                    return Progress::Acted;
                }
            }
        }
        self.more = true;
        loop {
            match self.decoder.next_frame() {
                Ok(Some(frame)) => self.link.handle_frame(frame),
                Ok(None) => break,
                Err(error) => {
                    self.fault(&error);
                    break;
                }
            }
            if self.is_full() {
                return Progress::Full;
            }
        }
        self.more = false;
        Progress::Acted
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // The future keeps nothing between polls, so a new one each time will do.
        pin!(self.reader.read_buf(self.decoder.room())).poll(cx)
    }

    /// More answers wait to be sent than a peer that reads would leave.
    fn is_full(&self) -> bool {
        let waiting = self.link.output.unsent_answers() + self.link.queued().1;
        waiting > self.link.limits().answer_bytes
    }

    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (until, written) = (Instant::now() + self.link.limits().stall, self.link.output.written());
        let (timer, since) = self.stalled.get_or_insert_with(|| (Box::pin(sleep_until(until)), written));
        if *since != written {
            *since = written;
            timer.as_mut().reset(until);
        }
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.link.fault("the peer does not read its answers");
        Poll::Ready(())
    }

    fn poll_deadlines(&mut self, cx: &mut Context<'_>) {
        while let Some(next) = self.link.poll_timeout() {
            let next = Instant::from_std(next);
            let timer = self.deadline.get_or_insert_with(|| Box::pin(sleep_until(next)));
            if timer.deadline() != next {
                timer.as_mut().reset(next);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return;
            }
            self.link.handle_timeout(Instant::now().into_std());
        }
    }

    /// The peer has ended its side, within a frame or between two.
    fn end(&mut self) {
        match self.decoder.finish() {
            Ok(()) => self.link.handle_end(Reason::StreamEnded),
            Err(error) => self.fault(&error),
        }
    }

    fn fault(&self, error: &NetstringError) {
        self.link.fault(&error.to_string());
    }

    /// Sends the last words, and waits a little for the peer to end its side too: closing with unread data would
    /// make some systems throw away what was sent.
    async fn finish(mut self) {
        let output = &self.link.output;
        let words = poll_fn(|cx| match output.flush(&self.link, Some(cx.waker())) {
            Flushed::Blocked => Poll::Pending,
            Flushed::All | Flushed::Failed => output.poll_shutdown(cx),
        });
        let _ = timeout(LINGER, words).await;
        output.finish();
        // What could not be sent is let go.
        self.link.poll_transmit(&mut Vec::new());
        drop(self.decoder);
        let mut rest = [0; 4096];
        let _ = timeout(
            LINGER,
            poll_fn(|cx| {
                loop {
                    let mut buffer = ReadBuf::new(&mut rest);
                    match Pin::new(&mut self.reader).poll_read(cx, &mut buffer) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                        Poll::Ready(_) => return Poll::Ready(()),
                    }
                }
            }),
        )
        .await;
    }
}

/// What came of looking for something to do.
enum Progress {
    Acted,
    Idle,
    /// The peer must read before more of what it says is heard.
    Full,
}
