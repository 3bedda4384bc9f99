//! `cargo xtask`: the project's chores. This crate starts a host and talks to it over HTTP; it shares no code with it, so
//! what it recomputes is an independent witness.

#![allow(clippy::print_stdout, reason = "a command line speaks on standard output")]

/// `bench`: what the host does beside what the machine could do.
mod bench;
/// `big`: twenty-four million records through a host with little memory.
mod big;
/// Starting cargo.
mod cargo;
/// The clock.
mod clock;
/// `demo`: the main job, shown as it happens.
mod demo;
/// What a child sees of this process's environment.
mod environment;
/// A child that runs the host.
mod host;
/// A client of the host's HTTP API.
mod http;
/// On what, when and from which commit something was measured.
mod machine;
/// Where things are.
mod paths;
/// `plugins`: components from the folders of plugins.
mod plugins;
/// What the kernel says of a process.
mod process;
/// Quantiles of samples.
mod quantile;
/// `serve`: a host on what is built now.
mod serve;
/// `test`: every test, from nothing.
mod test;
/// `tools`: programs of others that the tests run.
mod tools;
/// One connection to an HTTP server, and nothing between it and the caller.
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The chores of kafka.do
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// How the host is built [default: release, but dev for test]
    #[arg(long, global = true, value_enum)]
    profile: Option<cargo::Profile>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the plugins into target/plugins
    Plugins(plugins::Plugins),
    /// Build plugins and host, then run the host in this process's place
    Serve(serve::Serve),
    /// Show the main job: real records through a filter that is swapped while they flow
    Demo(demo::Demo),
    /// Run every test, from nothing
    Test(test::Test),
    /// Measure the host beside the limits of this machine
    Bench(bench::Bench),
    /// Send 24 million records through a host with 1 GiB of memory, and read them back
    Big(big::Big),
    /// Install the programs that the tests run, into target/tools
    Tools,
    /// Run a program that dies with this process's parent
    #[command(hide = true)]
    Tied(host::Tied),
}

fn main() -> ExitCode {
    let Arguments { command, profile } = Arguments::parse();
    let or_release = profile.unwrap_or(cargo::Profile::Release);
    let result = match command {
        Command::Plugins(plugins) => plugins.run(),
        Command::Serve(serve) => serve.run(or_release),
        Command::Demo(demo) => demo.run(or_release),
        Command::Test(test) => test.run(profile),
        Command::Bench(bench) => bench.run(or_release),
        Command::Big(big) => big.run(or_release),
        Command::Tools => tools::run(),
        Command::Tied(tied) => tied.run(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("cargo xtask: {error:#}");
        ExitCode::FAILURE
    })
}
