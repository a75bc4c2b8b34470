//! The HTTP API as `OpenAPI` describes it, made from the handlers and the types.

use std::sync::LazyLock;

use axum::{Json, response::IntoResponse};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{debug_containers, health, logs, mint, pods, rights, sessions};
use crate::auth;

/// The description.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Podshell",
        description = "Shells in the containers of a Kubernetes cluster. Terminals go over SockJS, which docs/protocol.md describes."
    ),
    paths(
        auth::sign_in::method,
        auth::sign_in::sign_in,
        auth::sign_in::sign_out,
        auth::sign_in::me,
        mint::mint,
        mint::mint_short,
        pods::list,
        pods::one,
        debug_containers::options,
        debug_containers::add,
        debug_containers::state,
        logs::log,
        rights::rights,
        sessions::life,
        sessions::leave,
        health::alive,
        health::ready
    ),
    modifiers(&Key)
)]
struct Description;

/// The key that most of it asks for.
struct Key;

impl Modify for Key {
    fn modify(&self, openapi: &mut openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("key", SecurityScheme::Http(bearer));
    }
}

/// `GET /api/v1/openapi.json`. Anyone may ask, so it is made once.
pub(crate) async fn describe() -> impl IntoResponse {
    static DESCRIPTION: LazyLock<openapi::OpenApi> = LazyLock::new(Description::openapi);
    Json(&*DESCRIPTION)
}
