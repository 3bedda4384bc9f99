//! What a child sees of this process's environment. Each setting of the host is also a variable, and a setting that the
//! caller's shell happens to hold must not change what is tested or measured.

use std::process::Command;

const SETTINGS: &str = "KAFKA_DO_";
const TESTS: &str = "KAFKA_DO_TEST_";

/// A host gets its settings from its arguments alone.
pub(crate) fn for_host(command: &mut Command) -> &mut Command {
    hide(command, |name| name.starts_with(SETTINGS))
}

/// Tests are told where things are, and nothing else.
pub(crate) fn for_tests(command: &mut Command) -> &mut Command {
    hide(command, |name| name.starts_with(SETTINGS) && !name.starts_with(TESTS))
}

fn hide(command: &mut Command, is_hidden: impl Fn(&str) -> bool) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(&is_hidden) {
            command.env_remove(name);
        }
    }
    command
}
