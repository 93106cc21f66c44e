//! The ways in which a plugin's file can change.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use powerbox_core::Event;
use powerbox_tests::powerbox::component;

use crate::{Bench, open, replace, run, said};

fn swapped(event: &Event) -> bool {
    matches!(event, Event::Swapped { plugin } if plugin == "reload")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_deleted_and_put_back_is_followed() {
    let mut bench = Bench::new().await;
    fs::remove_file(&bench.file).unwrap();
    assert_eq!(bench.version().await, "one");
    replace(&bench.file, "reload-v2");
    assert!(swapped(&bench.next_event().await));
    assert_eq!(bench.version().await, "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_turned_and_a_file_behind_a_link_are_followed() {
    let mut bench = Bench::new().await;
    // The file becomes a link to one in another folder.
    let elsewhere = bench.folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let target = elsewhere.join("two.wasm");
    replace(&target, "reload-v2");
    let link = bench.file.with_extension("link");
    symlink(&target, &link).unwrap();
    fs::rename(&link, &bench.file).unwrap();
    assert!(swapped(&bench.next_event().await));
    assert_eq!(bench.version().await, "two");
    // What it leads to changes.
    replace(&target, "reload-v1");
    assert!(swapped(&bench.next_event().await));
    assert_eq!(bench.version().await, "one");
    // It leads elsewhere.
    let other = elsewhere.join("other.wasm");
    replace(&other, "reload-v2");
    symlink(&other, &link).unwrap();
    fs::rename(&link, &bench.file).unwrap();
    assert!(swapped(&bench.next_event().await));
    assert_eq!(bench.version().await, "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_made_anew_is_followed() {
    let mut bench = Bench::installed_from("dist/plugin.wasm").await;
    let folder = bench.file.parent().unwrap().to_owned();
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    replace(&bench.file, "reload-v2");
    assert!(swapped(&bench.next_event().await));
    assert_eq!(bench.version().await, "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_hides_no_change() {
    let Bench { host, file, folder, .. } = Bench::new().await;
    host.disconnect().await;
    drop(host);
    // Nobody watches. The new content has the old one's time, or one long ago.
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let before = fs::metadata(&file).unwrap().modified().unwrap();
    for (name, time, expected) in [("reload-v2", before, "two"), ("reload-v1", long_ago, "one")] {
        replace(&file, name);
        fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        let (host, _gate) = open(folder.path()).await;
        assert_eq!(said(run(&host, &["version"]).await), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_written_in_pieces_is_taken_when_it_is_whole_and_not_called_broken() {
    use std::io::Write as _;
    let mut bench = Bench::new().await;
    let bytes = fs::read(component("reload-v2").unwrap()).unwrap();
    let mut file = fs::File::create(&bench.file).unwrap();
    for piece in bytes.chunks(bytes.len() / 10) {
        file.write_all(piece).unwrap();
        file.sync_data().unwrap();
    }
    drop(file);
    assert!(swapped(&bench.next_event().await));
    assert_eq!(bench.version().await, "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_versions_ends_with_the_last() {
    let mut bench = Bench::new().await;
    for name in ["reload-v2", "reload-v1", "reload-v2", "reload-v1", "reload-v2"] {
        replace(&bench.file, name);
    }
    // However many of them were seen, the last one stays.
    while bench.version().await != "two" {
        assert!(swapped(&bench.next_event().await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_cannot_describe_itself_never_becomes_current() {
    let mut bench = Bench::new().await;
    // A component that is whole, and exports no commands.
    let mute = wat::parse_str("(component)").unwrap();
    fs::write(bench.file.with_extension("new"), mute).unwrap();
    fs::rename(bench.file.with_extension("new"), &bench.file).unwrap();
    let event = bench.next_event().await;
    assert!(matches!(event, Event::Broken { kept: true, .. }), "{event:?}");
    assert_eq!(bench.version().await, "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_consider_a_change_once_and_agree() {
    let mut bench = Bench::new().await;
    let (other, _gate) = open(bench.folder.path()).await;
    let _watch = other.watch().unwrap();
    let mut events = other.events();
    replace(&bench.file, "reload-v2");
    assert!(swapped(&bench.next_event().await));
    assert!(swapped(&tokio::time::timeout(crate::LIMIT, events.recv()).await.unwrap().unwrap()));
    assert_eq!(bench.version().await, "two");
    assert_eq!(said(run(&other, &["version"]).await), "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_plugins_with_one_word_the_first_keeps_it_through_a_swap() {
    let mut bench = Bench::new().await;
    // `torture` has a command `version`, too.
    let second = bench.folder.path().join("second.wasm");
    replace(&second, "torture");
    let installation = bench.host.prepare_install(&second, &[]).await.unwrap();
    bench.host.install(installation).await.unwrap();
    assert!(matches!(bench.next_event().await, Event::Installed { .. }));
    assert_eq!(bench.version().await, "one");
    replace(&bench.file, "reload-v2");
    assert!(swapped(&bench.next_event().await));
    assert_eq!(bench.version().await, "two");
    assert!(run(&bench.host, &["torture:version"]).await.is_ok());
    bench.host.remove_plugin("reload").await.unwrap();
    assert!(format!("{:?}", run(&bench.host, &["version"]).await).contains("version-mark"));
}
