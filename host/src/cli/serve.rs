//! `kafka-do serve`: the host.

use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use super::flags::{Flags, Host};
use crate::api;
use crate::broker::{Broker, Options};
use crate::clock::Clock;
use crate::config::{Config, SecretSource};
use crate::model::egress::OpenNetworks;
use crate::plugin::Natives;
use crate::shutdown::{Shutdown, Signals};
use crate::telemetry::{self, Metrics};

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    flags: Flags<Host>,
}

impl Serve {
    pub(super) async fn run(self, natives: Natives) -> anyhow::Result<()> {
        telemetry::log_to_stderr();
        let begun = Clock::instant();
        let Config {
            data,
            http,
            plugins,
            secrets,
            egress_private,
            allowed_hosts,
            allowed_origins,
            sync,
            head_bytes,
            group_retention_ms,
            tier,
            cold_tier,
        } = self.flags.settings()?.config()?;

        // The address first: two hosts on one address is the commoner mistake, and the cheaper one to find.
        let listener = TcpListener::bind(http)
            .await
            .with_context(|| format!("{http} cannot be bound; choose another with --http"))?;
        let bound = listener.local_addr()?;
        let metrics = Arc::new(Metrics::default());
        // Tasks stop after the connections: a request that waits for one is still answered.
        let (serving, working) = (Shutdown::new(), Shutdown::new());
        let options = Options {
            data: data.clone(),
            plugins,
            secrets: SecretSource::new(std::env::vars_os(), secrets)?,
            open_networks: OpenNetworks::new(egress_private),
            sync,
            head_bytes,
            group_retention_ms,
            tier,
            cold_tier,
            natives,
        };
        let broker = Broker::open(&options, Clock::system(), Arc::clone(&metrics), working, serving.clone()).await?;
        let broker = Arc::new(broker);
        let names = api::Names::new(bound, &allowed_hosts, &allowed_origins);
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
