use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use powerbox_captp::Value;
use powerbox_daemon::{Daemon, DaemonConfig, OpenError};
use powerbox_files::{FolderError, ServeError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Home, names, path, pet_names, string, text};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn everything_is_kept_over_a_restart() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("makeDirectory", vec![text("dir")]).await;
    client.ok("storeValue", vec![text("hello"), path("dir/txt")]).await;
    let ids = client.ok("listIdentifiers", vec![]).await;
    let node = client.bootstrap.call("nodeId", vec![]).await.unwrap();
    daemon.stop().await;

    let daemon = home.start();
    let client = home.client().await;
    assert_eq!(client.ok("listIdentifiers", vec![]).await, ids);
    assert_eq!(client.bootstrap.call("nodeId", vec![]).await.unwrap(), node);
    assert_eq!(client.ok("lookup", vec![path("dir/txt")]).await, text("hello"));
    daemon.stop().await;
}

#[tokio::test]
async fn many_sessions_write_at_once_and_nothing_is_lost() {
    let home = Home::new();
    let daemon = home.start();
    home.client().await.ok("makeDirectory", vec![text("dir")]).await;
    let mut writers = Vec::new();
    for writer in 0..8 {
        let client = home.client().await;
        writers.push(tokio::spawn(async move {
            for i in 0..25 {
                let name = format!("dir/w{writer}-{i}");
                client.ok("storeValue", vec![Value::Number(f64::from(i)), path(&name)]).await;
                if i % 5 == 4 {
                    client.ok("remove", names(&name)).await;
                }
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let client = home.client().await;
    let kept = client.ok("list", names("dir")).await;
    assert_eq!(kept.as_list().unwrap().len(), 8 * 20);
    daemon.stop().await;
}

#[tokio::test]
async fn only_the_owner_can_reach_what_the_daemon_makes() {
    let home = Home::new();
    let daemon = home.start();
    assert_eq!(mode(&home.state()), 0o700);
    assert_eq!(mode(home.socket().parent().unwrap()), 0o700);
    assert_eq!(mode(&home.socket()), 0o600);
    for file in fs::read_dir(home.state()).unwrap() {
        assert_eq!(mode(&file.unwrap().path()) & 0o077, 0);
    }
    daemon.stop().await;
    for folder in [home.state(), home.socket().parent().unwrap().to_owned()] {
        fs::set_permissions(&folder, Permissions::from_mode(0o750)).unwrap();
        let error = Daemon::open(home.config()).expect_err("refused");
        assert!(
            matches!(&error, OpenError::Folder(FolderError::Open { path, mode: 0o750 }) if *path == folder),
            "{error}"
        );
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
    }
    home.start().stop().await;
}

#[tokio::test]
async fn a_second_instance_is_refused_and_told_of_the_first() {
    let home = Home::new();
    let daemon = home.start();
    let Err(OpenError::AlreadyRunning(running)) = Daemon::open(home.config()) else { panic!("opened twice") };
    assert_eq!(running.pid, Some(std::process::id()));
    assert_eq!(running.socket, Some(home.socket()));
    assert_eq!(Daemon::running(&home.state()).unwrap(), Some(running));

    // Another state on the same socket, and the same state on another socket.
    let other_state = DaemonConfig::new(home.folder.path().join("other"), home.socket());
    assert!(matches!(Daemon::open(other_state), Err(OpenError::AlreadyRunning(_))));
    let other_socket = DaemonConfig::new(home.state(), home.folder.path().join("other-run/socket"));
    assert!(matches!(Daemon::open(other_socket), Err(OpenError::AlreadyRunning(_))));

    let client = home.client().await;
    assert_eq!(string(client.bootstrap.call("ping", vec![]).await.unwrap()), "pong");
    daemon.stop().await;
    assert_eq!(Daemon::running(&home.state()).unwrap(), None);
    assert!(!home.socket().exists());
}

#[tokio::test]
async fn a_socket_left_behind_is_cleared_but_not_one_that_is_served() {
    let home = Home::new();
    home.start().stop().await;
    let served = UnixListener::bind(home.socket()).unwrap();
    assert!(matches!(Daemon::open(home.config()), Err(OpenError::Serve(ServeError::SocketInUse(_)))));
    drop(served);
    let daemon = home.start();
    assert_eq!(pet_names(&home.client().await).await, Vec::<String>::new());
    daemon.stop().await;
}

#[tokio::test]
async fn a_broken_session_harms_no_other() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    for bytes in [&b"nonsense"[..], b"999999999999:", b"3:{]},", b"2:{},17:{\"type\":\"NEWS\"},", b"5:hel"] {
        let mut stream = tokio::net::UnixStream::connect(home.socket()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        // The daemon ends the connection, whatever it says before.
        _ = stream.read_to_end(&mut rest).await;
        client.ok("list", vec![]).await;
    }
    daemon.stop().await;
}

#[tokio::test]
async fn what_was_asked_for_before_the_end_is_done() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let answers: Vec<_> =
        (0..20).map(|i| client.host.call("makeDirectory", vec![text(&format!("d{i}"))])).collect();
    client.bootstrap.send("terminate", vec![]);
    let mut acknowledged = Vec::new();
    for (i, answer) in answers.into_iter().enumerate() {
        if answer.await.is_ok() {
            acknowledged.push(format!("d{i}"));
        }
    }
    daemon.ended.await.unwrap().unwrap();
    let daemon = home.start();
    let kept = pet_names(&home.client().await).await;
    for name in acknowledged {
        assert!(kept.contains(&name), "{name}");
    }
    daemon.stop().await;
}
