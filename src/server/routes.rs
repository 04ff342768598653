//! Every address there is, what it needs of the caller, and who answers. `openapi.json` describes each of them.

use super::{
    App, access, baseline, cameras, documents, guide, health, live, log_lines, mask, metrics, openapi,
    outputs, page, settings, snapshots, status, status_stream, system, websocket,
};
use crate::access::Scope;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use std::collections::HashMap;
use std::sync::Arc;

/// What a call needs of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it tells nothing and changes nothing but who the caller is.
    Nothing,
    Scope(Scope),
    /// To look, or a signed link to this very address.
    ViewOrLink,
}

use Need::{Nothing, ViewOrLink};
const VIEW: Need = Need::Scope(Scope::View);
const CONTROL: Need = Need::Scope(Scope::Control);
const ADMIN: Need = Need::Scope(Scope::Admin);

/// One method of one address.
pub struct Route {
    pub need: Need,
    pub method: Method,
    pub path: &'static str,
    pub handler: MethodRouter<Arc<App>>,
}

fn get<H: Handler<T, Arc<App>>, T: 'static>(need: Need, path: &'static str, handler: H) -> Route {
    Route { need, method: Method::GET, path, handler: on(MethodFilter::GET, handler) }
}

fn post<H: Handler<T, Arc<App>>, T: 'static>(need: Need, path: &'static str, handler: H) -> Route {
    Route { need, method: Method::POST, path, handler: on(MethodFilter::POST, handler) }
}

fn patch<H: Handler<T, Arc<App>>, T: 'static>(need: Need, path: &'static str, handler: H) -> Route {
    Route { need, method: Method::PATCH, path, handler: on(MethodFilter::PATCH, handler) }
}

fn delete<H: Handler<T, Arc<App>>, T: 'static>(need: Need, path: &'static str, handler: H) -> Route {
    Route { need, method: Method::DELETE, path, handler: on(MethodFilter::DELETE, handler) }
}

pub fn routes() -> Vec<Route> {
    vec![
        get(Nothing, "/", guide::root),
        get(Nothing, "/assets/{file}", page::asset),
        get(Nothing, "/healthz", health::alive),
        get(Nothing, "/api/session", access::session),
        post(Nothing, "/api/login", access::log_in),
        get(VIEW, "/status", status::show),
        get(VIEW, "/live", live::first),
        get(VIEW, "/live/{camera}", live::named),
        get(VIEW, "/ws/live", websocket::first),
        get(VIEW, "/ws/live/{camera}", websocket::named),
        get(VIEW, "/readyz", health::ready),
        get(VIEW, "/metrics", metrics::metrics),
        get(VIEW, "/docs/{folder}/{file}", documents::show),
        get(VIEW, "/api/openapi.json", openapi::document),
        get(VIEW, "/api/status/stream", status_stream::follow),
        get(VIEW, "/api/cameras", cameras::list),
        get(VIEW, "/api/mask.png", mask::picture),
        get(VIEW, "/api/baseline", baseline::show),
        get(VIEW, "/api/baseline/map.png", baseline::picture),
        get(VIEW, "/api/outputs", outputs::list),
        get(VIEW, "/api/outputs/history", outputs::history),
        get(VIEW, "/api/arm", outputs::arming),
        get(VIEW, "/api/snapshots", snapshots::list),
        get(ViewOrLink, "/api/snapshots/{filename}", snapshots::download),
        post(VIEW, "/api/snapshots/{filename}/link", access::link),
        post(VIEW, "/api/logout", access::log_out),
        post(VIEW, "/api/password", access::set_password),
        post(CONTROL, "/start", guide::start),
        post(CONTROL, "/stop", guide::stop),
        post(CONTROL, "/snapshot", snapshots::take),
        post(CONTROL, "/api/arm", outputs::arm),
        post(CONTROL, "/api/alert/silence", outputs::silence),
        post(CONTROL, "/api/outputs/{name}/test", outputs::test),
        post(CONTROL, "/api/baseline/pause", baseline::pause),
        post(ADMIN, "/api/baseline/reset", baseline::reset),
        delete(ADMIN, "/api/snapshots/{filename}", snapshots::delete),
        get(ADMIN, "/api/settings", settings::show),
        patch(ADMIN, "/api/settings", settings::change),
        get(ADMIN, "/api/system", system::show),
        get(ADMIN, "/api/log", log_lines::list),
        get(ADMIN, "/api/access", access::list),
        post(ADMIN, "/api/tokens", access::make_token),
        delete(ADMIN, "/api/tokens/{name}", access::revoke_token),
        delete(ADMIN, "/api/sessions/{id}", access::end_session),
    ]
}

/// What each call needs, by address and method. What isn't in it needs all.
pub struct Needs(HashMap<(&'static str, Method), Need>);

impl Needs {
    pub fn of(routes: &[Route]) -> Self {
        Self(routes.iter().map(|route| ((route.path, route.method.clone()), route.need)).collect())
    }

    /// Of a request to the address with this pattern; `None`: to no address of ours.
    pub fn need(&self, pattern: Option<&str>, method: &Method) -> Need {
        // A HEAD request is a GET request without the body.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let found = pattern
            .and_then(|pattern| self.0.iter().find(|((path, known), _)| *path == pattern && known == method));
        found.map_or(ADMIN, |(_, need)| *need)
    }
}
