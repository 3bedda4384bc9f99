//! The command line. `serve` is the host; everything else is a client of its HTTP API.
#![expect(clippy::print_stdout, reason = "a command answers on the standard output")]

mod ask;
mod bench;
mod client;
mod config;
mod connect;
mod consume;
mod deploy_form;
mod deployment;
mod flags;
mod group;
mod member;
mod output;
mod pipeline;
mod plugin;
mod produce;
mod replay;
mod restore;
mod serve;
mod topic;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

use client::{Client, Endpoint};
use output::{Output, ReaderGone};

use crate::limits::EVENT_INTERVAL;
use crate::plugin::Natives;

/// Stands apart in the help of each command: `serve` takes none of it.
const CLIENT: &str = "Options of all commands but serve";

/// Event streaming without the ops, with WebAssembly plugins.
#[derive(Debug, Parser)]
#[command(name = "kafka-do", version, max_term_width = 100)]
struct Arguments {
    /// Where the host is
    #[arg(long, env = "KAFKA_DO_URL", global = true, hide_env_values = true, default_value_t, help_heading = CLIENT)]
    url: Endpoint,
    /// Answer in JSON, for programs: what the HTTP API answers
    #[arg(long, global = true, help_heading = CLIENT)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host: keep the logs, run the plugins, serve HTTP
    Serve(serve::Serve),
    Config(config::Config),
    Restore(restore::Restore),
    /// Create, look at, alter and delete topics
    #[command(subcommand)]
    Topic(topic::TopicCommand),
    Produce(produce::Produce),
    Consume(consume::Consume),
    Ask(ask::Ask),
    /// Look at, reset and delete consumer groups
    #[command(subcommand)]
    Group(group::GroupCommand),
    /// Start, build, upload and deploy plugins
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    Connect(connect::Connect),
    /// Look after what is deployed
    #[command(subcommand)]
    Deployment(deployment::DeploymentCommand),
    /// Deploy several plugins as one
    #[command(subcommand)]
    Pipeline(pipeline::PipelineCommand),
    Replay(replay::Replay),
    Bench(bench::Bench),
}

impl Command {
    async fn run(self, url: Endpoint, output: Output, natives: Natives) -> anyhow::Result<()> {
        let mut client = Client::new(url);
        match self {
            Self::Serve(serve) => serve.run(natives).await,
            Self::Config(config) => config.run(output),
            Self::Restore(restore) => restore.run(output).await,
            Self::Topic(topic) => topic.run(&mut client, output).await,
            Self::Produce(produce) => produce.run(&mut client, output).await,
            Self::Consume(consume) => consume.run(&mut client, output).await,
            Self::Ask(ask) => ask.run(&mut client, output).await,
            Self::Group(group) => group.run(&mut client, output).await,
            Self::Plugin(plugin) => plugin.run(&mut client, output).await,
            Self::Connect(connect) => connect.run(&mut client, output).await,
            Self::Deployment(deployment) => deployment.run(&mut client, output).await,
            Self::Pipeline(pipeline) => pipeline.run(&mut client, output).await,
            Self::Replay(replay) => replay.run(&mut client, output).await,
            Self::Bench(bench) => bench.run(&mut client, output).await,
        }
    }
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    run_with(Natives::default())
}

/// The same; a host that is started has these processors compiled in.
pub fn run_with(natives: Natives) -> ExitCode {
    let Arguments { url, json, command } = Arguments::parse();
    let is_client = !matches!(command, Command::Serve(_) | Command::Restore(_));
    // A client has one thing to do at a time: on a thread of its own nobody has to wake it.
    let mut runtime = if is_client { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    // A guest that is busy holds its thread for a beat at a time: sockets are looked at between two beats, not after dozens.
    runtime.event_interval(EVENT_INTERVAL);
    let result = runtime.enable_all().build().map_err(anyhow::Error::from).and_then(|runtime| {
        let result = runtime.block_on(command.run(url, Output { json }, natives));
        if is_client {
            // A read of the terminal cannot be called off, and nothing else is left to wait for.
            runtime.shutdown_background();
        }
        result
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<ReaderGone>() => ExitCode::SUCCESS,
        Err(error) if error.is::<ask::Unclear>() => ExitCode::from(ask::Unclear::EXIT_CODE),
        Err(error) => {
            eprintln!("kafka-do: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_hold_together() {
        Arguments::command().debug_assert();
    }
}
