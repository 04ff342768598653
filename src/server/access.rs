//! Logging in and out, passwords, tokens, sessions and links.

use super::App;
use super::admission::{Caller, cookie, hashing, refusal};
use super::problem::Problem;
use super::query::{Parameters, parsed};
use crate::access::record::{self, SESSION_SECONDS, TokenFault};
use crate::access::store::StoreError;
use crate::access::{Access, By, ChangeError, Denied, Door, Grant, Scope, User, password};
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

const LIFE: Duration = Duration::from_secs(SESSION_SECONDS);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// Who the caller is.
#[derive(Serialize)]
struct Session {
    auth: Door,
    user: Option<User>,
    scope: Option<Scope>,
    /// This connection is encrypted.
    secure: bool,
    /// Told to the administrator only.
    password_set: bool,
    password_made: bool,
    open_by_configuration: bool,
}

impl Session {
    fn of(access: &Access, grant: Option<&Grant>, caller: Caller) -> Self {
        let is_admin = grant.is_some_and(|grant| grant.scope == Scope::Admin);
        let password = if is_admin { access.admin_password() } else { None };
        Self {
            auth: access.door(),
            user: grant.and_then(|grant| grant.user),
            scope: grant.map(|grant| grant.scope),
            secure: caller.secure,
            password_set: password.is_some(),
            password_made: password.is_some_and(|password| password.made),
            open_by_configuration: access.open_by_configuration,
        }
    }

    fn reply(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self)).into_response()
    }
}

/// `GET /api/session`
pub async fn session(
    State(app): State<Arc<App>>,
    caller: Caller,
    grant: Option<Extension<Grant>>,
) -> Response {
    Session::of(&app.context.access, grant.as_deref(), caller).reply()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    user: String,
    password: String,
}

/// `POST /api/login`
pub async fn log_in(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let Login { user, password } = parsed(&body, "{\"user\": \"admin\", \"password\": \"...\"}")?;
    let agent = agent(&headers);
    let begun = hashing(&app, move |access| {
        let (user, hash) = access.check(&user, &password, caller.address)?;
        log::info!("{} logged in from {}", user.name(), caller.address);
        Ok(access.begin_session(user, &hash, caller.address, &agent))
    });
    let secret = begun.await.map_err(|denied| refusal(&denied))?.map_err(|error| unchanged(&error))?;
    Ok(begun_session(&app, &secret, caller))
}

/// Tells a browser of its new session.
fn begun_session(app: &App, secret: &str, caller: Caller) -> Response {
    let access = &app.context.access;
    let grant = access.by_session(secret);
    (cookie(secret, LIFE, caller), Session::of(access, grant.as_ref(), caller).reply()).into_response()
}

fn agent(headers: &HeaderMap) -> String {
    headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default().into()
}

/// `POST /api/logout`
pub async fn log_out(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(grant): Extension<Grant>,
) -> Response {
    let ended = match &grant.by {
        By::Session(hash) => {
            let (by, hash) = (grant.by.clone(), hash.clone());
            keeping(&app, move |access| access.end_sessions(&by, |session| session.hash == hash)).await
        }
        _ => Ok(0),
    };
    // The browser forgets it even if the end can't be kept.
    let gone = cookie("", Duration::ZERO, caller);
    match ended {
        Ok(_) => (gone, Json(json!({ "status": "logged out" }))).into_response(),
        Err(problem) => (gone, problem).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    user: User,
    current: Option<String>,
    new: Option<String>,
}

/// `POST /api/password`: another password, for the caller or by the administrator.
pub async fn set_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    Extension(grant): Extension<Grant>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let NewPassword { user, current, new } =
        parsed(&body, "{\"user\": \"admin\", \"current\": \"...\", \"new\": \"...\"}")?;
    let own = grant.user.unwrap_or(User::Admin);
    if grant.scope < Scope::Admin && (grant.user != Some(user) || new.is_none()) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "Not allowed",
            "others' passwords are changed, and passwords taken away, by the administrator",
        ));
    }
    match &new {
        Some(new) => password::check(new).map_err(Problem::bad_value)?,
        None if user == User::Admin => {
            return Err(Problem::bad_value("the administrator always has a password"));
        }
        None => {}
    }
    if user != User::Admin && app.context.access.admin_password().is_none() {
        let detail = "set the administrator's password first: viewers have to log in only then";
        return Err(Problem::new(StatusCode::CONFLICT, "No administrator", detail));
    }
    let (agent, caller_grant) = (agent(&headers), grant.clone());
    let changing = hashing(&app, move |access| {
        let first = access.admin_password().is_none();
        if !first {
            access.check(own.name(), current.as_deref().unwrap_or_default(), caller.address)?;
        }
        let changed = access.set_password(&grant.by, user, new.as_deref());
        Ok(changed.and_then(|hash| match (hash, access.door()) {
            // Whoever set the first password is in.
            (Some(hash), Door::Password) if first => {
                access.begin_session(user, &hash, caller.address, &agent).map(Some)
            }
            _ => Ok(None),
        }))
    });
    let begun = changing.await.map_err(|denied| refusal(&denied))?.map_err(|error| unchanged(&error))?;
    Ok(match begun {
        Some(secret) => begun_session(&app, &secret, caller),
        None => Session::of(&app.context.access, Some(&caller_grant), caller).reply(),
    })
}

/// `GET /api/access`: who can come in, for the administrator.
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(grant): Extension<Grant>,
) -> Result<Response, Problem> {
    let access = &app.context.access;
    let Some((record, used)) = access.kept() else { return Err(refusal(&Denied::Locked)) };
    let users = User::ALL.map(|user| {
        let password = record.password(user);
        json!({
            "name": user.name(),
            "set": password.is_some(),
            "changed": password.map(|password| password.changed),
            "made": password.is_some_and(|password| password.made),
        })
    });
    let now = access.seconds();
    let sessions = record.sessions().iter().filter(|session| record.session(&session.hash, now).is_some());
    let sessions = sessions.rev().map(|session: &record::Session| {
        json!({
            "id": session.id(),
            "user": session.user,
            "created": session.created,
            "address": session.address,
            "agent": session.agent,
            "current": grant.by == By::Session(session.hash.clone()),
        })
    });
    let tokens = record.tokens().iter().map(|token| {
        json!({
            "name": token.name,
            "scope": token.scope,
            "created": token.created,
            "used": used.get(&token.hash),
        })
    });
    let body = json!({
        "users": users,
        "sessions": sessions.collect::<Vec<_>>(),
        "tokens": tokens.collect::<Vec<_>>(),
        "failed_logins": access.failed_logins(),
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    name: String,
    scope: Scope,
}

/// `POST /api/tokens`: makes a token and shows its secret this once.
pub async fn make_token(
    State(app): State<Arc<App>>,
    Extension(Grant { by, .. }): Extension<Grant>,
    body: Bytes,
) -> Result<Response, Problem> {
    let NewToken { name, scope } = parsed(
        &body,
        "{\"name\": \"home-assistant\", \"scope\": \"view\"}, with the scope view, control or admin",
    )?;
    let asked = name.clone();
    let (secret, created) = keeping(&app, move |access| access.make_token(&by, &asked, scope)).await?;
    let body = json!({ "name": name, "scope": scope, "created": created, "token": secret });
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// `DELETE /api/tokens/{name}`
pub async fn revoke_token(
    State(app): State<Arc<App>>,
    Extension(Grant { by, .. }): Extension<Grant>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    if keeping(&app, move |access| access.revoke_token(&by, &name)).await? {
        Ok(Json(json!({ "status": "revoked" })))
    } else {
        Err(Problem::not_found("there is no token of this name"))
    }
}

/// `DELETE /api/sessions/{id}`
pub async fn end_session(
    State(app): State<Arc<App>>,
    Extension(Grant { by, .. }): Extension<Grant>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    if keeping(&app, move |access| access.end_sessions(&by, |session| session.id() == id)).await? > 0 {
        Ok(Json(json!({ "status": "ended" })))
    } else {
        Err(Problem::not_found("there is no session of this name; it may be over"))
    }
}

/// `POST /api/snapshots/{filename}/link`: an address that opens a snapshot without a login for a while.
pub async fn link(
    State(app): State<Arc<App>>,
    Extension(Grant { by, .. }): Extension<Grant>,
    Path(filename): Path<String>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let seconds = parameters.seconds()?;
    if !app.context.appliance.snapshots.has(&filename) {
        return Err(Problem::not_found("there is no snapshot of this name"));
    }
    let path = format!("/api/snapshots/{filename}");
    let expires = app.context.access.seconds().saturating_add(seconds);
    let signed = path.clone();
    let signature = keeping(&app, move |access| access.link(&by, &signed, expires)).await?;
    let url = format!("{path}?expires={expires}&signature={signature}");
    let body = json!({ "url": url, "expires": expires });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// Changes what is kept. It goes on to its end even if the caller hangs up.
async fn keeping<T: Send + 'static>(
    app: &App,
    change: impl FnOnce(&Access) -> Result<T, ChangeError> + Send + 'static,
) -> Result<T, Problem> {
    let access = app.context.access.clone();
    match tokio::task::spawn_blocking(move || change(&access)).await {
        Ok(kept) => kept.map_err(|error| unchanged(&error)),
        Err(error) => {
            log::error!("changing who may come in failed: {error}");
            Err(Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))
        }
    }
}

fn unchanged(error: &ChangeError) -> Problem {
    let detail = error.to_string();
    match error {
        ChangeError::Over => Problem::new(StatusCode::UNAUTHORIZED, "Not logged in", detail),
        ChangeError::Token(TokenFault::BadName) => Problem::bad_value(detail),
        ChangeError::Token(TokenFault::NameTaken) => {
            Problem::new(StatusCode::CONFLICT, "Name is taken", detail)
        }
        ChangeError::Token(TokenFault::TooMany) => {
            Problem::new(StatusCode::CONFLICT, "Too many tokens", detail)
        }
        ChangeError::Store(error) => {
            log::error!("access.json in the state folder can't be changed: {error}");
            match error {
                StoreError::Io(error) => Problem::not_saved("Not saved", error),
                StoreError::Damaged(_) | StoreError::Newer(_) => refusal(&Denied::Locked),
            }
        }
    }
}
