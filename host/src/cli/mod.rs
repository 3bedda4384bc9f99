//! The command line. `serve` is the host; everything else is a client of its HTTP API.

mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Event streaming without the ops, with WebAssembly plugins.
#[derive(Debug, Parser)]
#[command(name = "kafka-do", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the host: keep the logs, run the plugins, serve HTTP
    Serve(serve::Serve),
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let result = tokio::runtime::Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        runtime.block_on(async {
            match command {
                Command::Serve(serve) => serve.run().await,
            }
        })
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kafka-do: {error:#}");
            ExitCode::FAILURE
        }
    }
}
