//! Refuses builds that would silently be several times slower, and tells of those that have no page.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    require_nasm();
    look_for_page();
}

/// Without nasm, mozjpeg-sys builds without SIMD and says so only in a warning that cargo hides:
/// JPEG is then six times slower. ARM needs only the C compiler.
fn require_nasm() {
    let target = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    if target.starts_with("x86")
        && let Err(error) = std::process::Command::new("nasm").arg("-v").output()
    {
        eprintln!(
            "nasm is needed to build for {target} ({error}): without it JPEG would be six times slower.\n\
             Install it (Debian, Ubuntu: apt install nasm) and run `cargo clean -p mozjpeg-sys` before the next build."
        );
        std::process::exit(1);
    }
}

/// The page is embedded (src/server/page.rs) as `make page` left it.
fn look_for_page() {
    let built = Path::new("web/dist");
    if !built.join("index.html").exists() {
        println!(
            "cargo:warning=the page isn't built yet, so this program has none: `make build` builds both"
        );
        // Cargo takes a folder that isn't there for one that changes all the time. If it can't be made, builds are
        // slower, no more.
        let _ = std::fs::create_dir_all(built);
    }
    println!("cargo:rerun-if-changed=web/dist");
}
