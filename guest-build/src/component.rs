//! Core modules turned into components, and written where they belong.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wit_component::ComponentEncoder;

/// The first eight bytes of either form: the magic, then version and layer.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The component that this build output is, or that it encodes to. What the code never imports is not in it.
pub(crate) fn encode(wasm: Vec<u8>) -> Result<Vec<u8>> {
    if wasm.starts_with(COMPONENT) {
        return Ok(wasm);
    }
    if !wasm.starts_with(CORE_MODULE) {
        bail!("it is not WebAssembly");
    }
    ComponentEncoder::default()
        .validate(true)
        .module(&wasm)
        .and_then(ComponentEncoder::encode)
        .context("it exports no role; does its lib.rs call `kafka_do_sdk::filter_map!`, `export_processor!` or the macro of another role?")
}

/// Writes the file whole or not at all, and leaves one with these bytes alone: whoever watches it sees real changes only.
pub(crate) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    match fs::read(path) {
        Ok(present) if present == bytes => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    let unfinished = path.with_extension(format!("{}.tmp", std::process::id()));
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&unfinished, bytes)?;
        fs::rename(&unfinished, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_stay_and_other_files_are_refused() {
        assert_eq!(encode(COMPONENT.to_vec()).unwrap(), COMPONENT);
        assert!(encode(b"#!/bin/sh".to_vec()).unwrap_err().to_string().contains("not WebAssembly"));
    }

    #[test]
    fn a_module_without_a_role_is_told_what_to_call() {
        let error = encode(CORE_MODULE.to_vec()).map(|component| component.len());
        // An empty module is an empty component: only a broken or half-typed one is refused here, the rest by the host.
        assert!(error.is_ok());
        let error = encode([CORE_MODULE, b"broken"].concat()).unwrap_err();
        assert!(error.to_string().contains("export_processor"), "{error:#}");
    }

    #[test]
    fn an_unchanged_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out/a.wasm");
        write_if_changed(&path, b"one").unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        write_if_changed(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
        write_if_changed(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
