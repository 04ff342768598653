//! The file of who may come in: read whole, or nobody comes in by it.

#![no_main]

use edge_cctv::access::{Access, Door, User};
use edge_cctv::config::{Config, Server};
use edge_cctv::service::clock::SystemClock;
use edge_cctv_fuzz::{file, folder};
use libfuzzer_sys::fuzz_target;
use std::net::Ipv4Addr;

fuzz_target!(|data: &[u8]| {
    file("access.json", data);
    // As a board listens: open to the network.
    let server = Server { listen: ([0, 0, 0, 0], 8000).into(), ..Server::default() };
    let config = Config { state_dir: folder().into(), server, ..Config::default() };
    let access = Access::open(&config, SystemClock::shared(), Default::default());
    assert_ne!(access.door(), Door::Open, "a file has opened the door");
    assert!(access.anybody().is_none());
    // Another one for each file: the hash of a secret that stays the same would be found and written into the file.
    let secret = format!("ecctv_{:08x}", crc32fast::hash(data));
    assert!(access.by_session(&secret).is_none() && access.by_token(&secret).is_none());
    assert!(access.by_link("/api/snapshots/a.jpg", u64::MAX, &secret).is_none());
    for user in User::ALL {
        let remembered = access.by_remembered_password(user.name(), &secret, Ipv4Addr::LOCALHOST.into());
        assert!(remembered.is_none());
    }
    access.refresh();
});
