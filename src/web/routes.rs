//! The route table. A route cannot be written without its permission.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{MethodRouter, get, post};

use super::guard;
use crate::access::Permission;
use crate::app::App;

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path with its parameters: `/alerts/{id}`.
    pub path: &'static str,
    /// What it asks for.
    pub permission: Permission,
}

/// The routes of a slice, or of the whole portal.
#[derive(Debug, Default)]
pub struct Routes {
    lines: Vec<(RouteInfo, MethodRouter<App>)>,
    uploads: Vec<&'static str>,
}

impl Routes {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A page, or a fragment of one.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, permission: Permission, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.line("GET", path, permission, get(handler))
    }

    /// An action.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, permission: Permission, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.line("POST", path, permission, post(handler))
    }

    /// An action that takes in files: bodies of up to `bytes`, for as long as they keep coming.
    #[must_use]
    pub fn upload<H, T>(mut self, path: &'static str, permission: Permission, bytes: usize, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.uploads.push(path);
        self.line("POST", path, permission, post(handler).layer(DefaultBodyLimit::max(bytes)))
    }

    /// All lines of `other` after those of this table.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self.uploads.extend(other.uploads);
        self
    }

    /// The table itself, in the order in which it was written.
    pub fn table(&self) -> impl Iterator<Item = RouteInfo> + '_ {
        self.lines.iter().map(|(info, _)| *info)
    }

    /// The paths that take in files.
    #[must_use]
    pub fn uploads(&self) -> Vec<&'static str> {
        self.uploads.clone()
    }

    /// The router, with a guard before every handler.
    pub fn into_router(self, app: &App) -> Router<App> {
        self.lines.into_iter().fold(Router::new(), |router, (info, handler)| {
            router.route(info.path, guard::protect(handler, app, info.permission))
        })
    }

    fn line(
        mut self,
        method: &'static str,
        path: &'static str,
        permission: Permission,
        handler: MethodRouter<App>,
    ) -> Self {
        self.lines.push((RouteInfo { method, path, permission }, handler));
        self
    }
}
