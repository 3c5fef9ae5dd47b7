//! Which operation a request means: the document's templates, ready to be compared with a path.

use serde_json::Value;

/// Built once, with the document.
pub(super) struct Routes(Vec<Route>);

struct Route {
    template: String,
    /// The template split at `/`.
    parts: Vec<String>,
    operations: Vec<Operation>,
}

struct Operation {
    method: String,
    query: Vec<String>,
}

impl Routes {
    pub(super) fn of(paths: &Value) -> Routes {
        let mut routes: Vec<Route> = paths
            .as_object()
            .into_iter()
            .flatten()
            .map(|(template, item)| Route {
                template: template.clone(),
                parts: template.split('/').map(str::to_owned).collect(),
                operations: item
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(method, op)| Operation {
                        method: method.to_uppercase(),
                        query: query_names(op),
                    })
                    .collect(),
            })
            .collect();
        // Literal segments before parameters.
        routes.sort_by_key(|r| r.parts.iter().filter(|p| p.starts_with('{')).count());
        Routes(routes)
    }

    fn route(&self, path: &str) -> Option<&Route> {
        self.0.iter().find(|r| {
            let mut given = path.split('/');
            let fits = r.parts.iter().all(|part| {
                given
                    .next()
                    .is_some_and(|g| part.starts_with('{') && !g.is_empty() || part == g)
            });
            fits && given.next().is_none()
        })
    }

    fn operation(&self, method: &str, path: &str) -> Option<(&Route, &Operation)> {
        let route = self.route(path)?;
        let operation = route.operations.iter().find(|o| o.method == method)?;
        Some((route, operation))
    }

    pub(super) fn methods_of(&self, path: &str) -> Option<String> {
        let methods: Vec<&str> = self
            .route(path)?
            .operations
            .iter()
            .map(|o| o.method.as_str())
            .collect();
        Some(methods.join(", "))
    }

    pub(super) fn template_of(&self, method: &str, path: &str) -> Option<&str> {
        self.operation(method, path)
            .map(|(r, _)| r.template.as_str())
    }

    pub(super) fn query_of(&self, method: &str, path: &str) -> Option<&[String]> {
        self.operation(method, path)
            .map(|(_, o)| o.query.as_slice())
    }
}

fn query_names(op: &Value) -> Vec<String> {
    op["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|p| p["in"] == "query")
        .filter_map(|p| p["name"].as_str().map(str::to_owned))
        .collect()
}
