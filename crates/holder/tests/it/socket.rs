//! The socket's name: made again when it is lost, and reached under any path.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;

use rustix::process::Signal;
use sempre_protocol::holder::SOCKET_NAME;

use crate::harness::{Client, Holder, ONE, SpecBuilder, connect, eventually};

#[test]
fn a_lost_socket_is_made_again_when_asked_for() {
    let holder = Holder::script("cat");
    let path = holder.directory.join(SOCKET_NAME);
    let mut before = holder.connect();
    fs::remove_file(&path).unwrap();
    assert!(connect(&holder.directory).is_err());
    holder.signal(Signal::USR1);
    let stream = eventually("the socket", || connect(&holder.directory).ok());
    let mut after = Client::greet(stream, holder.session).unwrap();
    let metadata = fs::metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    // Who was connected stays so.
    before.input(ONE, 0, b"x\n");
    before.until_acked(ONE, 2);
    after.until_acked(ONE, 2);
}

#[test]
fn asking_for_a_socket_that_is_there_changes_nothing() {
    let holder = Holder::script("cat");
    let inode = || {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(holder.directory.join(SOCKET_NAME)).unwrap().ino()
    };
    let before = inode();
    let mut client = holder.connect();
    holder.signal(Signal::USR1);
    client.writer(ONE);
    holder.connect();
    assert_eq!(inode(), before);
}

#[test]
fn a_socket_under_a_path_longer_than_an_address_is_reached() {
    let root = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let directory = root
        .path()
        .join("d".repeat(100))
        .join("e".repeat(100))
        .join("f".repeat(100));
    fs::create_dir_all(&directory).unwrap();
    let spec = SpecBuilder::script("cat").0;
    let holder = Holder::start(&[], directory.clone(), &spec);
    let mut client = holder.connect();
    client.input(ONE, 0, b"x\n");
    client.until_acked(ONE, 2);
    // A directory that was renamed is reached by its new name.
    let renamed = root.path().join("renamed");
    fs::rename(&directory, &renamed).unwrap();
    let stream = connect(&renamed).unwrap();
    assert!(Client::greet(stream, holder.session).is_some());
}

#[test]
fn a_socket_left_by_a_dead_holder_is_replaced() {
    let root = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let directory = root.path().join("session");
    fs::create_dir(&directory).unwrap();
    drop(UnixListener::bind(directory.join(SOCKET_NAME)).unwrap());
    let holder = Holder::start(&[], directory, &SpecBuilder::script("cat").0);
    holder.connect().writer(ONE);
}
