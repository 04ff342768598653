//! What the detector does with the newest frame, as a picture to be laid over the stream.

use super::App;
use super::condition::Condition;
use super::problem::Problem;
use super::query::Parameters;
use crate::motion::zones::Layer;
use crate::picture::palette::{self, Rgba};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// By the layer's number.
const PALETTE: [Rgba; 5] = [
    colour(Layer::Watched),
    colour(Layer::Alert),
    colour(Layer::Ignored),
    colour(Layer::Privacy),
    colour(Layer::Foreground),
];

const fn colour(layer: Layer) -> Rgba {
    match layer {
        Layer::Watched => [0, 0, 0, 0],
        Layer::Alert => [255, 0, 0, percent(30)],
        Layer::Ignored => [128, 128, 128, percent(55)],
        Layer::Privacy => [0, 0, 0, percent(85)],
        Layer::Foreground => [0, 255, 255, percent(100)],
    }
}

const fn percent(opacity: u32) -> u8 {
    ((opacity * 255 + 50) / 100) as u8
}

/// `GET /api/mask.png`
pub async fn picture(State(app): State<Arc<App>>, parameters: Parameters) -> Result<Response, Problem> {
    let camera = parameters.camera(&app)?;
    // The last frame before a loss shows nothing of now.
    if !Condition::of(camera, &app.context.appliance.clock).active {
        return Err(Problem::no_picture());
    }
    let layers = camera.layers().await.map_err(|busy| Problem::analysis_busy(&busy))?;
    let layers = layers.ok_or_else(Problem::no_picture)?;
    let failed = |error: &dyn std::fmt::Display| {
        log::error!("the mask can't be drawn: {error}");
        Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    };
    let encoded = tokio::task::spawn_blocking(move || palette::png(&layers, &PALETTE)).await;
    let png = encoded.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    Ok(([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-store")], png).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_is_in_the_layers_order() {
        for layer in [Layer::Watched, Layer::Alert, Layer::Ignored, Layer::Privacy, Layer::Foreground] {
            assert_eq!(PALETTE[layer as usize], colour(layer));
        }
        assert_eq!([30, 55, 85, 100].map(percent), [77, 140, 217, 255]);
    }
}
