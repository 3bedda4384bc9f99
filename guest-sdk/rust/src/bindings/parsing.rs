//! The world of parsers.

wit_bindgen::generate!({
    world: "parsing",
    path: "wit",
    additional_derives: [PartialEq, Eq],
    pub_export_macro: true,
    export_macro_name: "__export_parsing",
    default_bindings_module: "kafka_do_sdk::bindings::parsing",
    with: {
        "kafka-do:plugin/types@0.1.0": crate::bindings::kafka_do::plugin::types,
        "kafka-do:plugin/log@0.1.0": crate::bindings::kafka_do::plugin::log,
        "wasi:io/error@0.2.12": crate::bindings::sinking::wasi::io::error,
        "wasi:io/poll@0.2.12": crate::bindings::sinking::wasi::io::poll,
        "wasi:io/streams@0.2.12": crate::bindings::sinking::wasi::io::streams,
        "wasi:clocks/monotonic-clock@0.2.12": crate::bindings::sinking::wasi::clocks::monotonic_clock,
        "wasi:http/types@0.2.12": crate::bindings::sinking::wasi::http::types,
        "wasi:http/outgoing-handler@0.2.12": crate::bindings::sinking::wasi::http::outgoing_handler,
    },
});
