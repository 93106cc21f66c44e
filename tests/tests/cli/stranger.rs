//! Something else in the embedded daemon's place: the host has its daemon in its own process, and uses nothing that
//! answers at the socket.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;

use powerbox_captp::{Config, Exo, Object, Reply, Session, Value};
use powerbox_tests::fixture;
use powerbox_tests::powerbox::Powerbox;

/// A daemon as Endo's own is, but for the work: it notes what it is asked.
#[derive(Default)]
struct Endo {
    asked: std::sync::Mutex<Vec<String>>,
    proof: Option<String>,
}

impl Exo for Endo {
    fn interface(&self) -> std::borrow::Cow<'_, str> {
        "Alleged: Endo".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["host", "nodeId", "powerbox", "prove", "ping", "terminate"]
    }

    fn call(self: &Arc<Self>, method: &str, _: Vec<Value>) -> Reply {
        self.asked.lock().unwrap().push(method.to_owned());
        match (method, &self.proof) {
            ("host", _) => Reply::value(Object::exo(Arc::clone(self))),
            ("prove", Some(proof)) => Reply::value(proof.as_str()),
            _ => Reply::undefined(),
        }
    }
}

/// Serves something at a path, each connection by its own thread or task, until the test ends.
fn serve(path: PathBuf, config: impl Fn() -> Config + Send + 'static) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::UnixListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                Session::start(stream, config());
            }
        });
    });
}

/// A user whose runtime folder is there, and the place of the daemon's socket.
fn user() -> (Powerbox, PathBuf) {
    let user = Powerbox::embedded().unwrap();
    let folder = user.path("run/powerbox");
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700).create(&folder).unwrap();
    (user, folder.join("daemon.sock"))
}

/// All that would use the daemon says that it could not take its place, and what to do. The host itself can be stopped.
fn refused(user: &Powerbox) {
    for words in [&["list"][..], &["store", "x", "--text", "y"], &["status"], &["up"]] {
        let finished = user.run(words).unwrap();
        assert_eq!(finished.status, Some(4), "{words:?}: {finished:?}");
        for part in ["is not your embedded daemon", "stop that program", "--connect"] {
            assert!(finished.stderr.contains(part), "{words:?}: {finished:?}");
        }
    }
    let doctor = user.run(&["doctor"]).unwrap();
    assert_eq!(doctor.status, Some(1), "{doctor:?}");
    assert!(doctor.stdout.contains("is not your embedded daemon"), "{doctor:?}");
    user.ok(&["stop"]).unwrap();
}

#[test]
fn another_daemon_in_its_place_is_refused_by_everything_and_not_stopped() {
    let (user, socket) = user();
    let endo = Arc::new(Endo::default());
    let served = Arc::clone(&endo);
    serve(socket.clone(), move || Config::new("Endo").bootstrap(Object::exo(Arc::clone(&served))));
    refused(&user);
    assert_eq!(*endo.asked.lock().unwrap(), Vec::<String>::new(), "it was talked to");
    // The control: whoever names it uses it.
    let address = format!("unix:{}", socket.display());
    user.run(&["up"]).unwrap();
    let status = user.ok(&["--connect", &address, "status"]).unwrap();
    assert!(status.contains("embedded"), "its methods are those of the embedded one: {status}");
    assert!(!endo.asked.lock().unwrap().contains(&"terminate".to_owned()));
}

#[test]
fn what_speaks_captp_and_is_no_daemon_is_refused() {
    let (user, socket) = user();
    let rendezvous = Arc::default();
    serve(socket, move || fixture::config(&rendezvous));
    refused(&user);
}

#[test]
fn one_that_says_nothing_and_one_that_says_anything_are_refused_at_once() {
    let (user, socket) = user();
    let mute = UnixListener::bind(&socket).unwrap();
    refused(&user);
    drop(mute);
    std::fs::remove_file(&socket).unwrap();
    let garbage = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for mut stream in garbage.incoming().flatten() {
            let _ = stream.write_all(&[b'7'; 4096]).and_then(|()| stream.read(&mut [0; 64]));
        }
    });
    refused(&user);
}

/// While the embedded daemon runs: its socket was moved away, and something else is at the place.
#[test]
fn a_daemon_that_takes_the_socket_from_the_running_one_is_asked_for_nothing() {
    let (user, socket) = user();
    user.ok(&["mkdir", "notes"]).unwrap();
    let moved = socket.with_extension("moved");
    for proof in [None, Some("0".repeat(128)), Some("f".repeat(128)), Some("short".to_owned())] {
        std::fs::rename(&socket, &moved).unwrap();
        let endo = Arc::new(Endo { proof: proof.clone(), ..Endo::default() });
        let served = Arc::clone(&endo);
        serve(socket.clone(), move || Config::new("Endo").bootstrap(Object::exo(Arc::clone(&served))));
        assert!(user.ok(&["list"]).unwrap().contains("notes"));
        user.ok(&["status"]).unwrap();
        assert_eq!(*endo.asked.lock().unwrap(), Vec::<String>::new(), "it was talked to");
        // Whoever looks at the socket finds that it is not ours, by the key, and asks for nothing else.
        let doctor = user.run(&["doctor"]).unwrap();
        assert!(
            doctor.status == Some(1) && doctor.stdout.contains("is not your embedded daemon"),
            "{doctor:?}"
        );
        let asked = endo.asked.lock().unwrap().clone();
        assert!(asked.iter().all(|method| method == "prove"), "{proof:?}: {asked:?}");
        std::fs::rename(&moved, &socket).unwrap();
        // The control: the daemon itself proves it.
        user.ok(&["doctor"]).unwrap();
    }
    user.ok(&["stop"]).unwrap();
}

#[test]
fn another_users_daemon_state_does_not_make_it_ours() {
    let (one, socket) = user();
    let (two, other) = user();
    one.ok(&["mkdir", "mine"]).unwrap();
    two.ok(&["mkdir", "theirs"]).unwrap();
    // Both are embedded daemons of powerbox and run; each holds its own key.
    std::fs::rename(&other, other.with_extension("moved")).unwrap();
    std::os::unix::fs::symlink(&socket, &other).unwrap();
    assert!(two.ok(&["list"]).unwrap().contains("theirs"));
    let doctor = two.run(&["doctor"]).unwrap();
    assert!(doctor.stdout.contains("is not your embedded daemon"), "{doctor:?}");
    std::fs::remove_file(&other).unwrap();
    std::fs::rename(other.with_extension("moved"), &other).unwrap();
    assert!(two.ok(&["list"]).unwrap().contains("theirs"));
    assert!(one.ok(&["list"]).unwrap().contains("mine"));
}
