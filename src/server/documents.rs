//! The documents of the project, for whoever has no internet: the folder `docs`, and the licences of what the page is
//! made of. As plain text, which every browser shows.

use super::page;
use super::problem::Problem;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

#[derive(rust_embed::RustEmbed)]
#[folder = "docs"]
struct Documents;

/// `GET /docs/{folder}/{file}`
pub async fn show(Path((folder, file)): Path<(String, String)>) -> Result<Response, Problem> {
    let found = if (folder.as_str(), file.as_str()) == ("page", "licences.md") {
        page::licences()
    } else {
        Documents::get(&format!("{folder}/{file}")).map(|document| document.data)
    };
    let text = found.ok_or_else(|| Problem::not_found("there is no such document"))?;
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn documents_are_there_and_no_other_file_is() {
        let there = async |folder: &str, file: &str| show(Path((folder.into(), file.into()))).await.is_ok();
        assert!(there("reference", "configuration.md").await);
        assert!(there("guide", "outputs.md").await);
        assert!(there("guide", "events.md").await);
        for (folder, file) in
            [("..", "Cargo.toml"), ("reference", "../../Cargo.toml"), ("", ""), ("page", "x")]
        {
            assert!(!there(folder, file).await, "{folder}/{file}");
        }
    }
}
