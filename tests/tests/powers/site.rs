//! A web server on this machine, with pages that tests need.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// The server, until it is dropped.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

/// What happened at it.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) requests: AtomicUsize,
    /// Told when somebody asks for `/never`.
    pub(crate) waits: Notify,
    /// Told when he is gone.
    pub(crate) left: Notify,
}

impl Site {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state, task }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        state.requests.fetch_add(1, Ordering::SeqCst);
        let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let (status, more, content) = match path.as_str() {
            "/hello" => ("200 OK", String::new(), b"hello".to_vec()),
            "/echo" => {
                let told = head.lines().find(|line| line.starts_with("x-told")).unwrap_or("nothing");
                ("200 OK", String::new(), [told.as_bytes(), b" ", &body].concat())
            }
            "/moved" => ("302 Found", "location: /hello\r\n".to_owned(), Vec::new()),
            "/away" => ("302 Found", "location: http://localhost:1/\r\n".to_owned(), Vec::new()),
            "/big" => ("200 OK", String::new(), vec![b'x'; 1 << 20]),
            "/large" => ("200 OK", String::new(), vec![b'x'; 6 << 20]),
            "/never" => {
                state.waits.notify_one();
                // The answer never comes; the other side can only leave.
                let _ = stream.read_u8().await;
                state.left.notify_one();
                return None;
            }
            _ => ("404 Not Found", String::new(), b"there is no such page".to_vec()),
        };
        let head = format!("HTTP/1.1 {status}\r\n{more}content-length: {}\r\n\r\n", content.len());
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(&content).await.ok()?;
    }
}
