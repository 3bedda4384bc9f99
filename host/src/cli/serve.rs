//! `kafka-do serve`: the host.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use crate::api;
use crate::broker::{Broker, Options};
use crate::clock::Clock;
use crate::config::{Config, DEFAULT_DATA, DEFAULT_HTTP};
use crate::shutdown::{Shutdown, Signals};
use crate::telemetry::{self, Metrics};

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Folder that everything is kept in [default: kafka-do-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to serve HTTP on; port 0 takes a free one [default: 127.0.0.1:7070]
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
    /// Folder of components to register at the start, each under its file's name
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    /// TOML file with the same settings; flags win
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        telemetry::log_to_stderr();
        let begun = Clock::instant();
        let file = self.config.as_deref().map(Config::read).transpose()?.unwrap_or_default();
        let flags = Config { data: self.data, http: self.http, plugins: self.plugins, ..Config::default() };
        let config = file.overridden_by(flags);
        let http = config.http.map_or_else(|| DEFAULT_HTTP.parse(), Ok).context("the default address")?;
        let data = config.data.unwrap_or_else(|| DEFAULT_DATA.into());

        // The address first: two hosts on one address is the commoner mistake, and the cheaper one to find.
        let listener = TcpListener::bind(http)
            .await
            .with_context(|| format!("{http} cannot be bound; choose another with --http"))?;
        let bound = listener.local_addr()?;
        let metrics = Arc::new(Metrics::default());
        // Tasks stop after the connections: a request that waits for one is still answered.
        let (serving, working) = (Shutdown::new(), Shutdown::new());
        let options = Options { data: data.clone(), plugins: config.plugins };
        let broker = Broker::open(&options, Clock::system(), Arc::clone(&metrics), working, serving.clone()).await?;
        let broker = Arc::new(broker);
        let names = api::Names::new(bound, &config.allowed_hosts, &config.allowed_origins);
        let router = api::router(Arc::clone(&broker), names);

        // Whoever reads that the host is ready may tell it to stop at once.
        let mut signals = Signals::listen().context("signals cannot be heard")?;
        println!(
            "kafka-do is ready on http://{bound} after {} ms, data in {}",
            begun.elapsed().as_millis(),
            data.display()
        );
        let signal = serving.clone();
        tokio::select! {
            () = api::serve(listener, router, &metrics, &serving) => {}
            () = async {
                let name = signals.first().await;
                tracing::info!("{name}: draining");
                signal.begin();
                std::future::pending::<()>().await;
            } => {}
        }
        broker.close().await;
        Ok(())
    }
}
