//! Refuses builds that would silently be several times slower.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    // Without nasm, mozjpeg-sys builds without SIMD and says so only in a warning that cargo hides:
    // JPEG is then six times slower. ARM needs only the C compiler.
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
