//! Links `src/heap/heap.c`, which tells the C library how much freed memory to keep, to the program: to the benches' and tests' own it is
//! of no use.

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script so")]
fn main() {
    println!("cargo::rerun-if-changed=src/heap/heap.c");
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu") {
        for object in cc::Build::new()
            .file("src/heap/heap.c")
            .compile_intermediates()
        {
            println!("cargo::rustc-link-arg-bins={}", object.display());
        }
    }
}
