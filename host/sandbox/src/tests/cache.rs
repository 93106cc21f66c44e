//! Compiled code on disk.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use super::fixture::{CAPS, Object, dummy, engine};
use crate::{CacheBounds, CacheError, CodeCache, Component, Engine};

fn plugin(number: u32) -> Vec<u8> {
    dummy(&format!("{CAPS} world plugin {{ export go: interface {{ run{number}: func(); }} }}"))
}

async fn load(engine: &Engine, cache: &CodeCache, bytes: Vec<u8>) {
    Component::<Object>::load(engine, Some(cache), bytes, |_| true).await.unwrap();
}

fn files(cache: &CodeCache) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(cache.directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn code_is_kept_and_used_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/b/cache");
    let cache = CodeCache::open(&path, CacheBounds::default()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
    let engine = engine();
    load(&engine, &cache, plugin(1)).await;
    let [file] = files(&cache).try_into().unwrap();
    let metadata = fs::metadata(&file).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o600);
    let digest = crate::Digest::of(&plugin(1));
    assert_eq!(
        file.file_name().unwrap().to_str().unwrap(),
        format!("{digest}-{}.cwasm", engine.compatibility())
    );
    assert!(cache.get(&engine, &digest).is_some());
    load(&engine, &cache, plugin(1)).await;
    assert_eq!(fs::metadata(&file).unwrap().ino(), metadata.ino(), "the file was written again");
    // Another engine with the same options uses it too.
    assert!(cache.get(&super::fixture::engine(), &digest).is_some());
}

#[tokio::test]
async fn broken_code_is_compiled_again() {
    let directory = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(directory.path(), CacheBounds::default()).unwrap();
    let engine = engine();
    load(&engine, &cache, plugin(1)).await;
    let [file] = files(&cache).try_into().unwrap();
    let good = fs::read(&file).unwrap();
    let broken: [Vec<u8>; 4] =
        [b"not code".to_vec(), Vec::new(), good[..good.len() / 2].to_vec(), vec![0; good.len()]];
    for bytes in broken {
        // Written beside and renamed: the mapping of the good file stays valid.
        let beside = directory.path().join("beside");
        fs::write(&beside, bytes).unwrap();
        fs::rename(&beside, &file).unwrap();
        load(&engine, &cache, plugin(1)).await;
        assert_eq!(fs::read(&file).unwrap().len(), good.len());
    }
}

#[tokio::test]
async fn the_oldest_code_goes_first() {
    let directory = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(directory.path(), CacheBounds { files: 2, bytes: u64::MAX }).unwrap();
    let engine = engine();
    for number in 1..=3 {
        load(&engine, &cache, plugin(number)).await;
        // File times are coarse.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let known = |number| cache.get(&engine, &crate::Digest::of(&plugin(number))).is_some();
    assert_eq!((known(1), known(2), known(3)), (false, true, true));
    let small = CodeCache::open(directory.path(), CacheBounds { files: 9, bytes: 1 }).unwrap();
    load(&engine, &small, plugin(4)).await;
    assert_eq!(files(&cache).len(), 1, "the newest stays even when it is too large by itself");
}

#[test]
fn a_directory_that_others_can_write_to_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for mode in [0o777, 0o720, 0o702] {
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode)).unwrap();
        let error = CodeCache::open(directory.path(), CacheBounds::default()).unwrap_err();
        assert!(matches!(error, CacheError::Unsafe { .. }), "{mode:o}: {error}");
    }
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    CodeCache::open(directory.path(), CacheBounds::default()).unwrap();
}

#[test]
fn a_link_or_file_in_its_place_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (real, link, file) =
        (directory.path().join("real"), directory.path().join("link"), directory.path().join("file"));
    fs::create_dir(&real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    fs::write(&file, "").unwrap();
    for path in [link, file] {
        let error = CodeCache::open(path, CacheBounds::default()).unwrap_err();
        assert!(matches!(error, CacheError::Unsafe { .. }), "{error}");
    }
}
