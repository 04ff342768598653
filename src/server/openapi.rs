//! The description of the API for programs, `openapi.json` beside this file, written by hand.

use axum::http::header;
use axum::response::{IntoResponse, Response};

const DOCUMENT: &str = include_str!("openapi.json");

/// `GET /api/openapi.json`
pub async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}

#[cfg(test)]
mod tests {
    use super::super::routes::{Need, Route, routes};
    use super::super::{Context, router};
    use super::*;
    use crate::access::Access;
    use crate::appliance::Appliance;
    use crate::config::{Camera, Config};
    use crate::service::clock::SystemClock;
    use crate::settings::Settings;
    use axum::body::Body;
    use axum::http::Request;
    use serde_json::Value;
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;
    use tower::ServiceExt;

    fn described() -> Value {
        serde_json::from_str(DOCUMENT).expect("the document is JSON")
    }

    /// Address → methods, from the document.
    fn described_methods() -> BTreeMap<String, BTreeSet<String>> {
        let document = described();
        let paths = document["paths"].as_object().unwrap();
        let methods = |path: &Value| path.as_object().unwrap().keys().map(|m| m.to_uppercase()).collect();
        paths.iter().map(|(path, operations)| (path.clone(), methods(operations))).collect()
    }

    #[tokio::test]
    async fn every_address_and_method_is_described_and_there_is_no_other() {
        let camera = Camera { autostart: false, ..Camera::default() };
        let config = Config { cameras: vec![camera], ..Config::default() };
        let appliance = Arc::new(Appliance::new(&config, SystemClock::shared()));
        let settings = Arc::new(Settings::open(config.clone()));
        let access = Arc::new(Access::open(&config, SystemClock::shared(), Default::default()));
        let router = router(Context::new(appliance, settings, access, None, &config), Default::default());
        let mut served = BTreeMap::new();
        for Route { path, .. } in routes() {
            // The answer to a method that no address has names those that it has.
            let request = Request::builder().method("TRACE").uri(path.replace(['{', '}'], ""));
            let request = request.body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 405, "{path}");
            let allowed = response.headers()[header::ALLOW].to_str().unwrap();
            let methods = allowed.split(',').map(str::to_string).filter(|method| method != "HEAD");
            served.insert(path.to_string(), methods.collect::<BTreeSet<_>>());
        }
        assert_eq!(served, described_methods());
    }

    #[test]
    fn what_a_call_needs_and_may_be_refused_for_is_described() {
        for Route { method, path, need, costs_much, .. } in routes() {
            let document = described();
            let operation = &document["paths"][path][method.as_str().to_lowercase()];
            let open = need == Need::Nothing;
            assert_eq!(operation["security"] == serde_json::json!([]), open, "{method} {path}");
            let has = |status: &str| operation["responses"].get(status).is_some();
            assert!(open || has("401") && has("403"), "{method} {path}");
            assert!(!costs_much || has("429"), "{method} {path}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str));
                    map.values().for_each(|value| references(value, found));
                }
                Value::Array(list) => list.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let document = described();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }

    #[test]
    fn parameters_in_an_address_are_described() {
        for Route { path, .. } in routes() {
            let document = described();
            let operations = document["paths"][path].as_object().unwrap();
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                for operation in operations.values() {
                    let parameters = operation["parameters"].as_array().unwrap();
                    let resolved = parameters.iter().map(|parameter| match parameter["$ref"].as_str() {
                        Some(reference) => document.pointer(&reference[1..]).unwrap(),
                        None => parameter,
                    });
                    let has = resolved.filter(|p| p["in"] == "path" && p["name"] == name).count();
                    assert_eq!(has, 1, "{path}: {name}");
                }
            }
        }
    }
}
