//! The ways in which a plugin's file can change.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use powerbox_core::Event;
use powerbox_core::plugin::Data;
use powerbox_tests::powerbox::component;

use crate::{Bench, open, replace, run, said};

pub(crate) fn swapped(event: &Event) -> bool {
    matches!(event, Event::Swapped { plugin, .. } if plugin == "reload")
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
    // It is watched as the one before was, whatever number the system gave it.
    replace(&bench.file, "reload-v1");
    assert!(swapped(&bench.next_event().await));
    assert_eq!(bench.version().await, "one");
}

/// Does something again and again, until it is dropped.
struct Restless(Option<(Sender<()>, JoinHandle<()>)>);

impl Restless {
    fn new(mut act: impl FnMut(u32) + Send + 'static) -> Self {
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || {
            let mut count = 0;
            while stopped.recv_timeout(Duration::from_millis(5)) == Err(RecvTimeoutError::Timeout) {
                act(count);
                count += 1;
            }
        });
        Self(Some((stop, thread)))
    }
}

impl Drop for Restless {
    fn drop(&mut self) {
        let (stop, thread) = self.0.take().unwrap();
        drop(stop);
        thread.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_written_beside_it_without_end_are_no_matter() {
    let mut bench = Bench::new().await;
    let beside = bench.file.with_extension("log");
    let restless = Restless::new(move |count| fs::write(&beside, count.to_string()).unwrap());
    // Written over in place, so that it counts as open for a moment.
    fs::copy(component("reload-v2").unwrap(), &bench.file).unwrap();
    while !swapped(&bench.next_event().await) {}
    assert_eq!(bench.version().await, "two");
    drop(restless);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_never_whole_keeps_nobody_from_installing() {
    let bench = Bench::new().await;
    let file = bench.file.clone();
    let restless = Restless::new(move |count| fs::write(&file, format!("broken {count}")).unwrap());
    let second = bench.folder.path().join("second.wasm");
    replace(&second, "torture");
    for _ in 0..3 {
        let installation = bench.host.prepare_install(&second, &[]).await.unwrap();
        tokio::time::timeout(crate::LIMIT, bench.host.install(installation)).await.unwrap().unwrap();
        tokio::time::timeout(crate::LIMIT, bench.host.remove_plugin("torture", Data::Delete))
            .await
            .unwrap()
            .unwrap();
    }
    assert_eq!(bench.version().await, "one");
    drop(restless);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_in_every_process_and_once_in_each() {
    let mut bench = Bench::new().await;
    let (other, _gate) = open(bench.folder.path()).await;
    let _watch = other.watch().unwrap();
    let mut events = other.events();
    replace(&bench.file, "reload-more");
    assert!(matches!(bench.next_event().await, Event::Waiting { .. }));
    let event = tokio::time::timeout(crate::LIMIT, events.recv()).await.unwrap().unwrap();
    assert!(matches!(event, Event::Waiting { .. }), "{event:?}");
    for host in [&bench.host, &other] {
        host.reconsider("reload").await;
    }
    assert!(bench.events.try_recv().is_err() && events.try_recv().is_err(), "it is told again");
}

/// A write within the same tick of the system's clock leaves all that is seen of a file as it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_cannot_be_seen_is_found_by_what_is_in_the_file() {
    let bench = Bench::new().await;
    let (one, two) = (fs::read(component("reload-v1").unwrap()), fs::read(component("reload-v2").unwrap()));
    let (mut one, mut two) = (one.unwrap(), two.unwrap());
    // As long as each other: a custom section at the end makes up for the difference.
    let length = one.len().max(two.len()) + 16;
    pad(&mut one, length);
    pad(&mut two, length);
    assert_eq!(one.len(), two.len());
    for (content, expected) in [(&two, "two"), (&one, "one"), (&two, "two"), (&one, "one")] {
        fs::write(&bench.file, content).unwrap();
        bench.host.reconsider("reload").await;
        assert_eq!(bench.version().await, expected);
    }
}

/// Makes a component longer by a custom section of zeroes.
fn pad(component: &mut Vec<u8>, length: usize) {
    // The section's number, its length in five bytes, the length of its name and the name.
    let body = length - component.len() - 6;
    component.push(0);
    let mut left = u32::try_from(body).unwrap();
    for place in 0..5 {
        let more = if place < 4 { 0x80 } else { 0 };
        component.push(u8::try_from(left & 0x7f).unwrap() | more);
        left >>= 7;
    }
    component.push(1);
    component.push(b'x');
    component.extend(std::iter::repeat_n(0, body - 2));
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
    bench.host.remove_plugin("reload", Data::Delete).await.unwrap();
    assert!(format!("{:?}", run(&bench.host, &["version"]).await).contains("version-mark"));
}
