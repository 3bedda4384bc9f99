//! The first look at an upload: is it a component, does it play a role, is what it imports on offer, what does it say.

use std::time::Duration;

use serde_json::Value;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, UpdateDeadline};

use super::bindings::ProcessingPre;
use super::bindings::columns::ColumnProcessingPre;
use super::bindings::kafka_do::plugin::types;
use super::bindings::parsers::ParsingPre;
use super::bindings::sinks::SinkingPre;
use super::bindings::sources::SourcingPre;
use super::bindings::webhooks::ReceivingPre;
use super::memory::Memory;
use super::settings;
use crate::error::{Error, Result};
use crate::limits::{CALL_LIFT_BYTES_MAX, DESCRIBE_MS_MAX, DESCRIPTION_BYTES_MAX, STATE_TABLES_MAX};
use crate::model::plugin::{Description, Role};

/// The version of the contract in `wit/`.
const CONTRACT: &str = "0.1.0";
const CONTRACT_PACKAGE: &str = "kafka-do:plugin/";
/// The interface that each role exports.
const ROLES: [(&str, Role); 6] = [
    ("processor", Role::Processing),
    ("column-processor", Role::ColumnProcessing),
    ("sink", Role::Sinking),
    ("source", Role::Sourcing),
    ("webhook", Role::Receiving),
    ("parser", Role::Parsing),
];
/// What every guest may import of WASI, and what those may that reach out.
const OFFERED_WASI: [&str; 6] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];
const OFFERED_HTTP: [&str; 2] = ["wasi:http/types@", "wasi:http/outgoing-handler@"];

/// What a guest of the role may import of the contract.
fn offered(role: Role) -> &'static [&'static str] {
    match role {
        Role::Processing => &["types", "log", "clock", "state", "topics"],
        Role::ColumnProcessing => &["types", "log", "clock", "state", "topics", "selection"],
        Role::Sinking | Role::Sourcing => &["types", "log", "clock", "state"],
        Role::Receiving => &["types", "log", "clock"],
        Role::Parsing => &["types", "log"],
    }
}

const MAGIC: &[u8] = b"\0asm";
const CORE_MODULE: &[u8] = &[1, 0, 0, 0];

/// Tells a component from a core module and from anything else.
pub(super) fn check_is_component(bytes: &[u8]) -> Result<()> {
    if !bytes.starts_with(MAGIC) {
        return Err(Error::unprocessable(
            "not-a-component",
            "the body is not WebAssembly (it does not begin with \\0asm); send the .wasm file that kafka-do plugin build writes",
        ));
    }
    if bytes[MAGIC.len()..].starts_with(CORE_MODULE) {
        return Err(Error::unprocessable(
            "core-module",
            "the body is a core WebAssembly module, not a component; kafka-do plugin build makes components, and wasm-tools component new makes one of a module",
        ));
    }
    Ok(())
}

/// The role is what the component exports.
pub(super) fn check_role(engine: &Engine, component: &Component) -> Result<Role> {
    let mut seen = Vec::new();
    for (name, _) in component.component_type().exports(engine) {
        let interface = name.strip_prefix(CONTRACT_PACKAGE).and_then(|rest| rest.split_once('@'));
        if let Some((interface, version)) = interface
            && let Some((_, role)) = ROLES.iter().find(|(of, _)| *of == interface)
        {
            if version == CONTRACT {
                return Ok(*role);
            }
            return Err(Error::unprocessable(
                "contract-version",
                format!(
                    "the component speaks version {version} of the plugin contract, and this host {CONTRACT}; build it with this host's SDK"
                ),
            ));
        }
        seen.push(name.to_owned());
    }
    let seen = if seen.is_empty() { "nothing".to_owned() } else { seen.join(", ") };
    Err(Error::unprocessable(
        "no-role",
        format!(
            "the component exports {seen}, and no role of the plugin contract; a processor exports {CONTRACT_PACKAGE}processor@{CONTRACT}"
        ),
    ))
}

/// Nothing is imported that the host does not have, or that nobody granted.
pub(super) fn check_imports(engine: &Engine, component: &Component, role: Role) -> Result<()> {
    let mut unknown = Vec::new();
    for (name, item) in component.component_type().imports(engine) {
        if matches!(item.ty, ComponentItem::Type(_)) {
            continue;
        }
        let is_offered = if let Some(rest) = name.strip_prefix(CONTRACT_PACKAGE) {
            let interface = rest.split_once('@').filter(|(_, version)| *version == CONTRACT);
            interface.is_some_and(|(interface, _)| offered(role).contains(&interface))
        } else {
            let http: &[&str] = if role.reaches_out() { &OFFERED_HTTP } else { &[] };
            OFFERED_WASI.iter().chain(http).any(|offered| name.starts_with(offered))
        };
        if !is_offered {
            unknown.push(name.to_owned());
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let offered: Vec<_> = offered(role).iter().map(|of| format!("{CONTRACT_PACKAGE}{of}@{CONTRACT}")).collect();
    let http = if role.reaches_out() { ", and wasi:http's outgoing-handler" } else { "" };
    Err(Error::unprocessable(
        "import-not-granted",
        format!(
            "the component imports {}, which is not granted to a {}; it may import {} and WASI's clocks, random, io and stdio{http}",
            unknown.join(", "),
            role.noun(),
            offered.join(", ")
        ),
    ))
}

/// The store of the empty sandbox.
pub(super) struct Sandbox {
    memory: Memory,
}

/// Asks the component what it is, with nothing within its reach.
pub(super) async fn describe(
    engine: &Engine,
    component: &Component,
    role: Role,
    memory: Memory,
) -> Result<Description> {
    let mut store = Store::new(engine, Sandbox { memory });
    store.limiter(|sandbox| &mut sandbox.memory);
    store.set_hostcall_fuel(CALL_LIFT_BYTES_MAX);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
    let failed = |reason: String| {
        Error::unprocessable(
            "describe-failed",
            format!(
                "the component does not describe itself: {reason}; describe must be pure, fast, and call no import"
            ),
        )
    };
    let described =
        tokio::time::timeout(Duration::from_millis(DESCRIBE_MS_MAX), async { ask(&mut store, component, role).await });
    let answer = match described.await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(failed(super::outcome::trap_reason(&error))),
        Err(_) => return Err(failed(format!("it takes longer than {DESCRIBE_MS_MAX} ms"))),
    };
    let bytes = answer.summary.len()
        + answer.settings_schema.len()
        + answer.tables.iter().chain(&answer.hosts).map(String::len).sum::<usize>();
    if bytes > DESCRIPTION_BYTES_MAX {
        return Err(failed(format!("the description has {bytes} bytes, over the {DESCRIPTION_BYTES_MAX} allowed")));
    }
    let table_names_fit = answer.tables.iter().all(|name| (1..=200).contains(&name.len()));
    if answer.tables.len() > STATE_TABLES_MAX || !table_names_fit {
        return Err(failed(format!("it may name up to {STATE_TABLES_MAX} tables, with names of 1 to 200 bytes")));
    }
    let settings_schema: Value = serde_json::from_str(&answer.settings_schema)
        .map_err(|error| failed(format!("its settings schema is not JSON: {error}")))?;
    settings::check_schema(&settings_schema).map_err(failed)?;
    Ok(Description { summary: answer.summary, settings_schema, tables: answer.tables, hosts: answer.hosts })
}

/// Calls `describe` where every import traps.
async fn ask(store: &mut Store<Sandbox>, component: &Component, role: Role) -> wasmtime::Result<types::Description> {
    let mut linker = Linker::new(store.engine());
    linker.define_unknown_imports_as_traps(component)?;
    let pre = linker.instantiate_pre(component)?;
    match role {
        Role::Processing => {
            let plugin = ProcessingPre::new(pre)?.instantiate_async(&mut *store).await?;
            plugin.kafka_do_plugin_processor().call_describe(store).await
        }
        Role::ColumnProcessing => {
            let plugin = ColumnProcessingPre::new(pre)?.instantiate_async(&mut *store).await?;
            plugin.kafka_do_plugin_column_processor().call_describe(store).await
        }
        Role::Sinking => {
            let plugin = SinkingPre::new(pre)?.instantiate_async(&mut *store).await?;
            plugin.kafka_do_plugin_sink().call_describe(store).await
        }
        Role::Sourcing => {
            let plugin = SourcingPre::new(pre)?.instantiate_async(&mut *store).await?;
            plugin.kafka_do_plugin_source().call_describe(store).await
        }
        Role::Receiving => {
            let plugin = ReceivingPre::new(pre)?.instantiate_async(&mut *store).await?;
            plugin.kafka_do_plugin_webhook().call_describe(store).await
        }
        Role::Parsing => {
            let plugin = ParsingPre::new(pre)?.instantiate_async(&mut *store).await?;
            plugin.kafka_do_plugin_parser().call_describe(store).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_apart() {
        let code = |bytes: &[u8]| check_is_component(bytes).map_err(|error| error.code);
        assert_eq!(code(b"hello"), Err("not-a-component"));
        assert_eq!(code(b""), Err("not-a-component"));
        assert_eq!(code(b"\0asm\x01\0\0\0"), Err("core-module"));
        assert_eq!(code(b"\0asm\x0d\0\x01\0"), Ok(()));
    }
}
