use super::*;

#[test]
fn a_segment_that_cannot_be_opened_is_reported() {
    let bench = Bench::new();
    let audit = bench.open();
    call(&audit, "list");
    let segment = bench.segments().remove(0);
    fs::remove_file(&segment).unwrap();
    fs::create_dir(&segment).unwrap();
    let error = audit.begin(&entry("list")).unwrap_err();
    assert!(matches!(error, AuditError::Io { doing: "open", .. }), "{error}");
    assert!(Audit::open(&bench.path(), AuditBounds::default()).is_err());
}

#[test]
fn a_folder_that_was_removed_is_reported() {
    let bench = Bench::new();
    let audit = bench.open();
    call(&audit, "list");
    fs::remove_dir_all(bench.path()).unwrap();
    let error = audit.begin(&entry("list")).unwrap_err();
    assert!(matches!(error, AuditError::Io { doing: "open", .. }), "{error}");
}

#[test]
fn a_log_that_was_cut_is_reported_by_a_process_that_knows_more() {
    let bench = Bench::new();
    let (audit, other) = (bench.open(), bench.open());
    call(&audit, "list");
    call(&other, "list");
    let segment = bench.segments().remove(0);
    let first: String = fs::read_to_string(&segment).unwrap().split_inclusive('\n').take(1).collect();
    fs::write(&segment, first).unwrap();
    for audit in [&audit, &other] {
        let error = audit.begin(&entry("list")).unwrap_err();
        assert!(matches!(error, AuditError::Cut { found: 1, .. }), "{error}");
    }
    // A process that is started anew cannot know.
    call(&bench.open(), "list");
}

#[test]
fn a_path_that_is_no_folder_is_reported() {
    let bench = Bench::new();
    fs::write(bench.path(), "").unwrap();
    assert!(Audit::open(&bench.path(), AuditBounds::default()).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    // The device that is always full takes the place of the first segment.
    let bench = Bench::new();
    fs::create_dir(bench.path()).unwrap();
    std::os::unix::fs::symlink("/dev/full", segment::path(&bench.path(), 1)).unwrap();
    let audit = bench.open();
    let error = audit.begin(&entry("list")).unwrap_err();
    let AuditError::Io { doing: "write to", source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    fs::create_dir(bench.path()).unwrap();
    fs::set_permissions(bench.path(), fs::Permissions::from_mode(0o755)).unwrap();
    call(&bench.open(), "list");
    assert_eq!(mode(&bench.path()), 0o700);
    assert_eq!(mode(&bench.segments()[0]), 0o600);
}

#[test]
fn the_thread_syncs_and_ends_with_the_log() {
    let bench = Bench::new();
    let bounds = AuditBounds { sync: Duration::from_millis(1), ..AuditBounds::default() };
    let audit = Audit::open(&bench.path(), bounds).unwrap();
    for _ in 0..200 {
        call(&audit, "list");
        audit.sync().unwrap();
    }
    drop(audit);
    sound(&bench.verify());
}
