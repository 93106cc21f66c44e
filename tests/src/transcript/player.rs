use std::{
    io::{self, BufReader},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;

use super::{Script, Verdict, read_frame, write_frame};

// How long a session may last once its client is gone: time to read what it left in the socket.
const REMAINDER: Duration = Duration::from_secs(10);

/// Plays a [`Script`] to the first client that connects to a Unix socket.
#[derive(Debug)]
pub struct Player {
    path: PathBuf,
    state: Arc<(Mutex<State>, Condvar)>,
    thread: JoinHandle<Script>,
}

#[derive(Debug, Default)]
struct State {
    all_called: bool,
    over: bool,
    stop: bool,
    stream: Option<UnixStream>,
}

impl Player {
    /// Listens on a path where nothing is yet.
    pub fn start(script: Script, path: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let state = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let thread = thread::spawn({
            let state = Arc::clone(&state);
            move || serve(script, &listener, &state)
        });
        Ok(Self { path: path.to_owned(), state, thread })
    }

    /// Gives the address for `--connect`.
    pub fn address(&self) -> String {
        format!("unix:{}", self.path.display())
    }

    /// Waits until every recorded call has been made: a command that follows changes would never end by itself.
    ///
    /// Gives false if the session ends or the time runs out before that.
    pub fn wait_until_all_called(&self, limit: Duration) -> bool {
        let (lock, changed) = &*self.state;
        let waiting = |state: &mut State| !state.all_called && !state.over;
        let state = changed.wait_timeout_while(locked(lock), limit, waiting);
        state.unwrap_or_else(PoisonError::into_inner).0.all_called
    }

    /// Ends the session, which its client should have left by now, and gives the verdict.
    pub fn finish(self) -> Verdict {
        let (lock, changed) = &*self.state;
        let mut state = locked(lock);
        state.stop = true;
        if state.stream.is_some() {
            let waited = changed.wait_timeout_while(state, REMAINDER, |state| !state.over);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if let Some(stream) = &state.stream {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        drop(state);
        // Whoever waits for a connection gets one, and sees that it is to stop.
        let _ = UnixStream::connect(&self.path);
        match self.thread.join() {
            Ok(script) => script.finish(),
            Err(_) => Verdict { wrong: vec!["the player itself failed".to_owned()], ..Verdict::default() },
        }
    }
}

fn locked(lock: &Mutex<State>) -> MutexGuard<'_, State> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut script: Script, listener: &UnixListener, state: &(Mutex<State>, Condvar)) -> Script {
    let (lock, changed) = state;
    let mut connections = 0;
    while let Ok((stream, _)) = listener.accept() {
        // A client that was quick may have come and gone before anyone called `finish`.
        let is_wake = locked(lock).stop && connections > 0;
        connections += 1;
        if is_wake {
            break;
        }
        if connections > 1 {
            script.complain("the client connected once more".to_owned());
            continue;
        }
        locked(lock).stream = stream.try_clone().ok();
        if let Err(problem) = play(&mut script, stream, state) {
            script.complain(format!("the connection broke: {problem}"));
        }
        let mut state = locked(lock);
        state.over = true;
        changed.notify_all();
        if state.stop {
            break;
        }
    }
    script
}

fn play(script: &mut Script, stream: UnixStream, state: &(Mutex<State>, Condvar)) -> io::Result<()> {
    let (lock, changed) = state;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let frame = match read_frame(&mut reader) {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(()),
            // So ends a client that is interrupted with an answer unread.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(error),
        };
        let message: Value = serde_json::from_slice(&frame)?;
        for answer in script.receive(&message) {
            match write_frame(&mut writer, answer.to_string().as_bytes()) {
                // A client may leave without waiting for what it no longer needs.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                written => written?,
            }
        }
        let mut state = locked(lock);
        state.all_called = script.all_called();
        drop(state);
        changed.notify_all();
        if script.daemon_left() {
            // What a daemon does that ends; one that a client leaves waits for the client to close.
            let _ = writer.shutdown(Shutdown::Write);
        }
    }
}
