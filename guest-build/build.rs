//! The SDK is embedded by a macro that does not tell cargo which folders it read.

fn main() {
    for folder in ["../guest-sdk/rust", "../wit", "templates"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
