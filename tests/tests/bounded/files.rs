//! Something else in the place of a file that the program reads: it never waits for it.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use powerbox_tests::powerbox::{Powerbox, component};
use rustix::fs::{CWD, FileType, Mode, mknodat};

/// What is put in a file's place.
const THINGS: [&str; 6] = ["fifo", "link to a fifo", "device", "socket", "directory", "large file"];

/// Puts it there; the guard keeps a socket alive.
fn put(thing: &str, path: &Path) -> Option<UnixListener> {
    remove(path);
    match thing {
        "fifo" => fifo(path),
        "link to a fifo" => {
            let fifo_path = path.with_extension("fifo");
            remove(&fifo_path);
            fifo(&fifo_path);
            symlink(fifo_path, path).unwrap();
        }
        "device" => symlink("/dev/zero", path).unwrap(),
        "socket" => {
            // The path of a socket is short.
            let near = path.with_file_name("s");
            let listener = UnixListener::bind(&near).unwrap();
            fs::rename(near, path).unwrap();
            return Some(listener);
        }
        "directory" => fs::create_dir(path).unwrap(),
        "large file" => fs::File::create(path).unwrap().set_len(1 << 40).unwrap(),
        other => panic!("{other}"),
    }
    None
}

fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

fn remove(path: &Path) {
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(path).unwrap();
    } else {
        let _ = fs::remove_file(path);
    }
}

/// A user with a plugin from a file that others can change.
fn installed() -> (Powerbox, std::path::PathBuf) {
    let user = Powerbox::embedded().unwrap();
    let file = user.path("plugin.wasm");
    fs::copy(component("reload-v1").unwrap(), &file).unwrap();
    user.ok(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
    (user, file)
}

fn version(user: &Powerbox) -> String {
    let finished = user.run(&["version"]).unwrap();
    assert_eq!(finished.status, Some(0), "{finished:?}");
    finished.stderr.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn whatever_takes_the_place_of_a_plugins_file_every_command_and_prompt_goes_on() {
    let (user, file) = installed();
    for thing in THINGS {
        let _guard = put(thing, &file);
        assert_eq!(version(&user), "one", "{thing}");
        let prompt = user.run_with::<&str>(&[], b"list\nversion\n").unwrap();
        assert!(prompt.status == Some(0) && prompt.stdout.contains("@agent"), "{thing}: {prompt:?}");
        let refused = user.run(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
        assert_eq!(refused.status, Some(1), "{thing}: {refused:?}");
        assert!(refused.stderr.contains("plugin.wasm"), "{thing}: {refused:?}");
    }
    // The control: a file in its place is taken.
    remove(&file);
    fs::copy(component("reload-v2").unwrap(), &file).unwrap();
    assert_eq!(version(&user), "two");
}

#[test]
fn whatever_takes_the_place_of_a_signature_keeps_nobody_waiting() {
    let (user, file) = installed();
    let signature = user.path("plugin.wasm.minisig");
    for thing in THINGS {
        let _guard = put(thing, &signature);
        assert_eq!(version(&user), "one", "{thing}");
        let refused = user.run(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
        assert!(refused.status == Some(1) && refused.stderr.contains("cannot read"), "{thing}: {refused:?}");
    }
    remove(&signature);
    user.ok(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
}

#[test]
fn a_lock_file_credentials_and_configuration_are_regular_files() {
    let (user, _) = installed();
    let (lock, docker) = (user.path("carried.lock"), user.path(".docker/config.json"));
    let config = user.path("config/powerbox/config.toml");
    for folder in [&docker, &config] {
        fs::create_dir_all(folder.parent().unwrap()).unwrap();
    }
    for thing in THINGS {
        let _guard = put(thing, &lock);
        let refused = user.run(&["plugin", "install", "--locked", lock.to_str().unwrap()]).unwrap();
        assert!(refused.status == Some(1) && refused.stderr.contains("carried.lock"), "{thing}: {refused:?}");

        let _guard = put(thing, &docker);
        let refused = user.run(&["plugin", "inspect", "oci://127.0.0.1:9/x"]).unwrap();
        assert!(refused.status == Some(1) && refused.stderr.contains("config.json"), "{thing}: {refused:?}");
        remove(&docker);

        let _guard = put(thing, &config);
        let refused = user.run(&["list"]).unwrap();
        assert!(refused.status == Some(1) && refused.stderr.contains("config.toml"), "{thing}: {refused:?}");
        remove(&config);
        user.ok(&["list"]).unwrap();
    }
    fs::copy(user.path("state/powerbox/plugins.lock"), &lock).unwrap();
    user.ok(&["plugin", "install", "--locked", lock.to_str().unwrap()]).unwrap();
}

#[test]
fn what_is_cached_is_made_again_if_something_else_is_in_its_place() {
    let (user, _) = installed();
    let cached = |folder: &str| {
        let entries = fs::read_dir(user.path(&format!("cache/powerbox/{folder}"))).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_none_or(|end| end != "fifo"))
    };
    for thing in THINGS {
        let mut guards = Vec::new();
        for path in cached("described").collect::<Vec<_>>() {
            guards.push(put(thing, &path));
        }
        for path in cached("code").collect::<Vec<_>>() {
            guards.push(put(thing, &path));
        }
        let finished = user.run(&["version"]).unwrap();
        // A directory cannot be replaced, which is an error and not a wait.
        assert!(finished.status == Some(0) || thing == "directory", "{thing}: {finished:?}");
        for path in cached("described").chain(cached("code")).collect::<Vec<_>>() {
            remove(&path);
        }
        assert_eq!(version(&user), "one", "{thing}");
    }
}

/// What the person names for one command may keep that command waiting, and nobody else.
#[test]
fn a_file_that_the_person_names_can_be_a_fifo() {
    let user = Powerbox::embedded().unwrap();
    let path = user.path("words");
    fifo(&path);
    let storing = user.start(&["store", "words", "--file", path.to_str().unwrap()]).unwrap();
    user.ok(&["list"]).unwrap();
    // Opening it waits for the reader.
    fs::write(&path, "from a fifo").unwrap();
    let stored = storing.finish(crate::aside::LIMIT).unwrap();
    assert_eq!(stored.status, Some(0), "{stored:?}");
    assert!(user.ok(&["cat", "words"]).unwrap().contains("from a fifo"));
}
