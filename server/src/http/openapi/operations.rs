//! Every operation of the API: who may, what it takes, what it answers. A new route is described here.

mod documents;
mod door;
mod sessions;

use sempre_protocol::access::Role;

/// What a request that goes well is answered with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    /// JSON with this status, of this schema; `[]` behind it: a list of them.
    Json(u16, &'static str),
    /// 200 with one of these content types, each with its schema; an empty name: text or bytes.
    Media(&'static [(&'static str, &'static str)]),
    /// Server-sent events whose data is of one of these schemas; 204 for who comes back after the last.
    Events(&'static [&'static str]),
    /// A page of this status; the form again, with another status, if it did not go well.
    Form(u16),
    /// 303 to an address elsewhere; a page that says why, if there is no such way.
    Redirect,
    /// 204.
    Nothing,
}

/// What may stand in a query.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// A whole number, 0 or more.
    Number,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// 32 hexadecimal digits.
    Id,
}

/// Something in a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    /// Its name.
    pub(super) name: &'static str,
    /// What it may be.
    pub(super) kind: Kind,
    /// What it does.
    pub(super) meaning: &'static str,
    /// Whether the request makes no sense without.
    pub(super) required: bool,
}

/// What a request brings.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    /// JSON of this schema.
    Json(&'static str),
    /// A form of a page, of this schema.
    Form(&'static str),
    /// A file of this content type.
    Media(&'static str),
}

/// One method of one path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// In lower case.
    pub(super) method: &'static str,
    /// With its parameters in braces.
    pub(super) path: &'static str,
    /// Its name for programs that are generated.
    pub(super) id: &'static str,
    /// What it belongs to.
    pub(super) tag: &'static str,
    /// What it does.
    pub(super) summary: &'static str,
    /// The least role; none: anyone may.
    pub(super) role: Option<Role>,
    /// What may be in the query.
    pub(super) query: &'static [Parameter],
    /// What it takes, if anything.
    pub(super) body: Option<Body>,
    /// What it answers.
    pub(super) answer: Answer,
}

const fn operation(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    role: Role,
    summary: &'static str,
    answer: Answer,
) -> Operation {
    Operation {
        method,
        path,
        id,
        tag: "sessions",
        summary,
        role: Some(role),
        query: &[],
        body: None,
        answer,
    }
}

impl Operation {
    const fn query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    const fn body(self, schema: &'static str) -> Self {
        Self {
            body: Some(Body::Json(schema)),
            ..self
        }
    }

    const fn form(self, schema: &'static str) -> Self {
        Self {
            body: Some(Body::Form(schema)),
            ..self
        }
    }

    const fn media(self, content_type: &'static str) -> Self {
        Self {
            body: Some(Body::Media(content_type)),
            ..self
        }
    }

    const fn tag(self, tag: &'static str) -> Self {
        Self { tag, ..self }
    }

    const fn for_anyone(self) -> Self {
        Self { role: None, ..self }
    }
}

const fn may(name: &'static str, kind: Kind, meaning: &'static str) -> Parameter {
    Parameter {
        name,
        kind,
        meaning,
        required: false,
    }
}

const fn must(name: &'static str, kind: Kind, meaning: &'static str) -> Parameter {
    Parameter {
        required: true,
        ..may(name, kind, meaning)
    }
}

/// All of them, as they are read on `/docs`.
pub(super) fn operations() -> impl Iterator<Item = &'static Operation> {
    let rooms = [sessions::OPERATIONS, door::OPERATIONS, documents::OPERATIONS];
    rooms.into_iter().flatten()
}
