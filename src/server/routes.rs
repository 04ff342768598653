//! Every address there is, what it needs of the caller, and who answers. `openapi.json` describes each of them.

use super::{
    App, access, baseline, cameras, documents, event_files, events, guide, health, live, log_lines, mask,
    metrics, openapi, outputs, page, settings, snapshots, status, status_stream, system, update, websocket,
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
    /// It encodes a picture, writes to the disk or asks devices: each address may call it so often only.
    pub costs_much: bool,
    /// It is about who may come in: that is for this server's own page and for programs, and for no page of another site,
    /// listed or not.
    pub own_pages: bool,
}

impl Route {
    fn costs_much(self) -> Self {
        Self { costs_much: true, ..self }
    }

    fn own_pages(self) -> Self {
        Self { own_pages: true, ..self }
    }
}

/// Any other method or address: it needs all.
const UNKNOWN: Terms = Terms { need: ADMIN, costs_much: false, own_pages: false };

fn route<H: Handler<T, Arc<App>>, T: 'static>(
    need: Need,
    (method, filter): (Method, MethodFilter),
    path: &'static str,
    handler: H,
) -> Route {
    Route { need, method, path, handler: on(filter, handler), costs_much: false, own_pages: false }
}

fn get<H: Handler<T, Arc<App>>, T: 'static>(need: Need, path: &'static str, handler: H) -> Route {
    route(need, (Method::GET, MethodFilter::GET), path, handler)
}

fn post<H: Handler<T, Arc<App>>, T: 'static>(need: Need, path: &'static str, handler: H) -> Route {
    route(need, (Method::POST, MethodFilter::POST), path, handler)
}

fn patch<H: Handler<T, Arc<App>>, T: 'static>(need: Need, path: &'static str, handler: H) -> Route {
    route(need, (Method::PATCH, MethodFilter::PATCH), path, handler)
}

fn delete<H: Handler<T, Arc<App>>, T: 'static>(need: Need, path: &'static str, handler: H) -> Route {
    route(need, (Method::DELETE, MethodFilter::DELETE), path, handler)
}

pub fn routes() -> Vec<Route> {
    vec![
        get(Nothing, "/", guide::root),
        get(Nothing, "/assets/{file}", page::asset),
        get(Nothing, "/healthz", health::alive),
        get(Nothing, "/api/session", access::session).own_pages(),
        post(Nothing, "/api/login", access::log_in).own_pages(),
        get(VIEW, "/status", status::show),
        get(VIEW, "/live", live::first),
        get(VIEW, "/live/all", live::all),
        get(VIEW, "/live/{camera}", live::named),
        get(VIEW, "/ws/live", websocket::first),
        get(VIEW, "/ws/live/{camera}", websocket::named),
        get(VIEW, "/readyz", health::ready),
        get(VIEW, "/metrics", metrics::metrics),
        get(VIEW, "/docs/{folder}/{file}", documents::show),
        get(VIEW, "/api/openapi.json", openapi::document),
        get(VIEW, "/api/status/stream", status_stream::follow),
        get(VIEW, "/api/cameras", cameras::list),
        get(VIEW, "/api/mask.png", mask::picture).costs_much(),
        get(VIEW, "/api/baseline", baseline::show),
        get(VIEW, "/api/baseline/map.png", baseline::picture).costs_much(),
        get(VIEW, "/api/outputs", outputs::list),
        get(VIEW, "/api/outputs/history", outputs::history),
        get(VIEW, "/api/arm", outputs::arming),
        get(VIEW, "/api/events", events::list),
        get(VIEW, "/api/events/stream", events::follow),
        get(VIEW, "/api/events/storage", events::storage),
        get(VIEW, "/api/events/export.zip", event_files::export).costs_much(),
        get(VIEW, "/api/events/{id}", events::show),
        get(VIEW, "/api/events/{id}/thumbnail.jpg", event_files::thumbnail),
        get(VIEW, "/api/events/{id}/snapshot.jpg", event_files::snapshot),
        get(VIEW, "/api/events/{id}/recording.mp4", event_files::recording),
        get(VIEW, "/api/events/{id}/clip.mp4", event_files::clip),
        get(VIEW, "/api/snapshots", snapshots::list),
        get(ViewOrLink, "/api/snapshots/{filename}", snapshots::download),
        post(VIEW, "/api/snapshots/{filename}/link", access::link).costs_much(),
        post(VIEW, "/api/logout", access::log_out).own_pages(),
        post(VIEW, "/api/password", access::set_password).own_pages(),
        post(CONTROL, "/start", guide::start),
        post(CONTROL, "/stop", guide::stop),
        post(CONTROL, "/snapshot", snapshots::take).costs_much(),
        patch(CONTROL, "/api/events/{id}", events::mark),
        post(CONTROL, "/api/arm", outputs::arm),
        post(CONTROL, "/api/alert/silence", outputs::silence),
        post(CONTROL, "/api/outputs/{name}/test", outputs::test),
        post(CONTROL, "/api/baseline/pause", baseline::pause),
        post(ADMIN, "/api/baseline/reset", baseline::reset).costs_much(),
        delete(ADMIN, "/api/events/{id}", events::delete),
        delete(ADMIN, "/api/snapshots/{filename}", snapshots::delete),
        get(ADMIN, "/api/settings", settings::show),
        patch(ADMIN, "/api/settings", settings::change).costs_much(),
        get(ADMIN, "/api/system", system::show).costs_much(),
        get(ADMIN, "/api/log", log_lines::list).costs_much(),
        get(ADMIN, "/api/update", update::show),
        post(ADMIN, "/api/update", update::ask).costs_much(),
        get(ADMIN, "/api/access", access::list).own_pages(),
        post(ADMIN, "/api/tokens", access::make_token).costs_much().own_pages(),
        delete(ADMIN, "/api/tokens/{name}", access::revoke_token).own_pages(),
        delete(ADMIN, "/api/sessions/{id}", access::end_session).own_pages(),
    ]
}

/// On which terms a call is answered.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub need: Need,
    pub costs_much: bool,
    pub own_pages: bool,
}

/// The terms of each call, by method and address.
pub struct Table(HashMap<&'static str, Vec<(Method, Terms)>>);

impl Table {
    pub fn of(routes: &[Route]) -> Self {
        let mut table: HashMap<_, Vec<_>> = HashMap::new();
        for Route { need, method, path, costs_much, own_pages, .. } in routes {
            let terms = Terms { need: *need, costs_much: *costs_much, own_pages: *own_pages };
            table.entry(*path).or_default().push((method.clone(), terms));
        }
        Self(table)
    }

    /// Of a request to the address with this pattern; `None`: to no address of ours.
    pub fn terms(&self, pattern: Option<&str>, method: &Method) -> Terms {
        // A HEAD request is a GET request without the body.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let methods = pattern.and_then(|pattern| self.0.get(pattern));
        let found = methods.and_then(|methods| methods.iter().find(|(known, _)| known == method));
        found.map_or(UNKNOWN, |(_, terms)| *terms)
    }
}
