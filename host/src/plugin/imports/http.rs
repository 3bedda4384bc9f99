//! HTTP for connectors, as `wasi:http` has it: only to hosts that the deployment is granted.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::Host;
use crate::limits::INSTANCE_REQUESTS_MAX;
use crate::model::egress::HostPattern;
use crate::plugin::egress::Egress;

pub(in crate::plugin) struct Http {
    context: WasiHttpCtx,
    gate: Gate,
}

/// What stands between a guest and the way out.
struct Gate {
    egress: Arc<Egress>,
    granted: Arc<[HostPattern]>,
    /// Requests that the instance may have under way.
    places: Arc<Semaphore>,
}

impl Http {
    pub(super) fn new(egress: Arc<Egress>, granted: Arc<[HostPattern]>) -> Self {
        Self {
            context: WasiHttpCtx::new(),
            gate: Gate { egress, granted, places: Arc::new(Semaphore::new(INSTANCE_REQUESTS_MAX)) },
        }
    }
}

type Answer = (hyper::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Gate {
    fn send_request(
        &mut self,
        request: hyper::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Answer, Error>> + Send> {
        let (egress, granted, places) = (Arc::clone(&self.egress), Arc::clone(&self.granted), Arc::clone(&self.places));
        Box::new(async move {
            let response = egress.send(request, options, &granted, places).await?;
            // The client's own task moves the connection on.
            Ok((response, Box::new(std::future::ready(Ok(()))) as Box<dyn Future<Output = _> + Send>))
        })
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let Http { context, gate } = &mut self.http;
        WasiHttpCtxView { ctx: context, table: &mut self.resources, hooks: gate }
    }
}
