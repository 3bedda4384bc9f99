//! The SDKs are embedded by a macro that does not tell cargo which folders it read.

fn main() {
    for folder in ["../guest-sdk/rust", "../guest-sdk/js/src", "../guest-sdk/js/package.json", "../wit", "templates"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
