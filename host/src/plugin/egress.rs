//! What plugins send over HTTP: one client for all, with connections that are kept. A name is looked up by the host, and
//! each address that it stands for must be one that plugins may reach; so a name cannot lead into the host's own networks,
//! whoever says what it stands for.

use std::error::Error as _;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;
use tower_service::Service;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::limits::{
    CONNECTOR_CALL_MS_MAX, EGRESS_CONNECT_MS_MAX, EGRESS_IDLE_CONNECTIONS_MAX, EGRESS_IDLE_MS, EGRESS_REQUESTS_MAX,
};
use crate::model::egress::{HostPattern, OpenNetworks};

type Connector = HttpsConnector<HttpConnector<Resolver>>;

/// The way out.
pub(super) struct Egress {
    open: Arc<OpenNetworks>,
    /// Made when it is first wanted: reading the system's certificates takes its time.
    client: OnceLock<Client<Connector, WasiBody>>,
    /// Requests of all plugins that are under way, until their answers are read.
    places: Arc<Semaphore>,
}

impl Egress {
    pub(super) fn new(open: OpenNetworks) -> Self {
        Self { open: Arc::new(open), client: OnceLock::new(), places: Arc::new(Semaphore::new(EGRESS_REQUESTS_MAX)) }
    }

    /// Sends a request to a host that is granted. `own` are the places of the plugin's instance.
    pub(super) async fn send(
        &self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        granted: &[HostPattern],
        own: Arc<Semaphore>,
    ) -> Result<Response<WasiBody>, Error> {
        let uri = request.uri();
        if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
            return Err(Error::HttpRequestUriInvalid);
        }
        let host = uri.host().ok_or(Error::HttpRequestUriInvalid)?;
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let is_tls = uri.scheme() == Some(&hyper::http::uri::Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        if !granted.iter().any(|pattern| pattern.matches(host, port)) {
            return Err(Error::HttpRequestDenied);
        }
        // Names are looked at when they are looked up; an address is not looked up.
        if host.parse::<IpAddr>().is_ok_and(|address| !self.open.allow(address)) {
            return Err(Error::DestinationIpProhibited);
        }
        let full = |_| Error::ConnectionLimitReached;
        let places = (own.acquire_owned().await.map_err(full)?, Arc::clone(&self.places).acquire_owned().await);
        let places = (places.0, places.1.map_err(full)?);
        let client = self.client()?;
        let at_most = |wait: Option<Duration>, ms| {
            wait.map_or(Duration::from_millis(ms), |wait| wait.min(Duration::from_millis(ms)))
        };
        let connect = at_most(options.as_ref().and_then(|options| options.connect_timeout), EGRESS_CONNECT_MS_MAX);
        let answer = at_most(options.as_ref().and_then(|options| options.first_byte_timeout), CONNECTOR_CALL_MS_MAX);
        let mut captured = capture_connection(&mut request);
        let mut sending = std::pin::pin!(client.request(request));
        // Until there is a connection nothing was sent: the plugin may rely on it.
        let connected = async {
            if tokio::time::timeout(connect, captured.wait_for_connection_metadata()).await.is_err() {
                return;
            }
            std::future::pending::<()>().await;
        };
        let answered = tokio::select! {
            answered = &mut sending => answered,
            () = connected => return Err(Error::ConnectionTimeout),
            () = tokio::time::sleep(connect + answer) => return Err(Error::HttpResponseTimeout),
        };
        // A place is taken until the answer is read, or nobody wants it any more.
        let keep = move |body: hyper::body::Incoming| {
            body.map_err(Error::from)
                .map_frame(move |frame| {
                    let _ = &places;
                    frame
                })
                .boxed_unsync()
        };
        answered.map(|response| response.map(keep)).map_err(|error| cause(&error))
    }

    fn client(&self) -> Result<Client<Connector, WasiBody>, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let made = client(Arc::clone(&self.open)).map_err(|reason| Error::InternalError(Some(reason)))?;
        Ok(self.client.get_or_init(|| made).clone())
    }
}

fn client(open: Arc<OpenNetworks>) -> Result<Client<Connector, WasiBody>, String> {
    let mut http = HttpConnector::new_with_resolver(Resolver { open });
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(Duration::from_millis(EGRESS_CONNECT_MS_MAX)));
    let provider = rustls::crypto::ring::default_provider();
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(provider)
        .map_err(|error| format!("the system's certificates cannot be read: {error}"))?
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_millis(EGRESS_IDLE_MS))
        .pool_max_idle_per_host(EGRESS_IDLE_CONNECTIONS_MAX)
        .build(connector))
}

/// Looks names up, and leaves out where plugins may not go.
#[derive(Clone)]
struct Resolver {
    open: Arc<OpenNetworks>,
}

/// All addresses of a name are in networks that plugins may not reach.
#[derive(Debug, thiserror::Error)]
#[error("its address is in a network that plugins may not reach")]
struct Prohibited;

/// A name stands for nothing.
#[derive(Debug, thiserror::Error)]
#[error("the name cannot be looked up: {0}")]
struct Unknown(std::io::Error);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let open = Arc::clone(&self.open);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|error| std::io::Error::other(Unknown(error)))?;
            let allowed: Vec<SocketAddr> = found.filter(|address| open.allow(address.ip())).collect();
            if allowed.is_empty() {
                return Err(std::io::Error::other(Prohibited));
            }
            Ok(allowed.into_iter())
        })
    }
}

/// Why a request was not answered, in the words of the contract.
fn cause(error: &hyper_util::client::legacy::Error) -> Error {
    let mut found = error.source();
    while let Some(cause) = found {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            if let Some(inner) = io.get_ref() {
                if inner.is::<Prohibited>() {
                    return Error::DestinationIpProhibited;
                }
                if let Some(unknown) = inner.downcast_ref::<Unknown>() {
                    return Error::DnsError { rcode: Some(unknown.to_string()), info_code: None };
                }
                if inner.is::<rustls::Error>() {
                    return Error::TlsCertificateError;
                }
            }
            match io.kind() {
                std::io::ErrorKind::ConnectionRefused => return Error::ConnectionRefused,
                std::io::ErrorKind::TimedOut => return Error::ConnectionTimeout,
                _ => {}
            }
        }
        found = cause.source();
    }
    if error.is_connect() {
        return Error::DestinationUnavailable;
    }
    Error::ConnectionTerminated
}
