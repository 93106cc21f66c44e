use powerbox_sandbox::Manifest;

/// Reading what a file says of itself: any bytes are a manifest or an error, and reading them again gives the same.
pub fn manifest(data: &[u8]) {
    let first = Manifest::read(data);
    let again = Manifest::read(data);
    match (first, again) {
        (Ok(first), Ok(again)) => assert!(first == again, "one file, two manifests"),
        (Err(_), Err(_)) => {}
        _ => panic!("one file is a component and is none"),
    }
}
