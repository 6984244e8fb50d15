//! The JavaScript client, served by the server that it talks to.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::{fs, io};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use http::{HeaderMap, Response, StatusCode};

use crate::Body;

/// The builds of the client that npm's package has in its `dist` folder, each with its source map.
const BUILDS: [&str; 4] = [
    "socket.io.js",
    "socket.io.min.js",
    "socket.io.esm.min.js",
    "socket.io.msgpack.min.js",
];

/// The files of the client, read once.
#[derive(Debug)]
pub(crate) struct ClientFiles(BTreeMap<String, File>);

#[derive(Debug)]
struct File {
    content: Bytes,
    /// What the content hashes to, quoted: a copy that a browser keeps is good as long as it is the same.
    etag: HeaderValue,
    content_type: &'static str,
}

impl ClientFiles {
    /// Reads whatever builds there are in `folder`.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for build in BUILDS {
            for (name, content_type) in [
                (build.to_owned(), "application/javascript; charset=utf-8"),
                (format!("{build}.map"), "application/json; charset=utf-8"),
            ] {
                match fs::read(folder.join(&name)) {
                    Ok(content) => files.insert(name, File::new(content, content_type)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                    Err(error) => return Err(error),
                };
            }
        }
        if files.is_empty() {
            let message = format!(
                "no build of the client, such as {}, is in {}",
                BUILDS[0],
                folder.display()
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        Ok(Self(files))
    }

    /// The answer to a request for `name`, if it is one of the files.
    pub(crate) fn serve(&self, name: &str, headers: &HeaderMap) -> Option<Response<Body>> {
        let file = self.0.get(name)?;
        let cached = headers.get_all(IF_NONE_MATCH).iter().any(|etags| file.is(etags));
        let mut response = Response::new(if cached {
            Body::default()
        } else {
            Body::new(file.content.clone())
        });
        if cached {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(ETAG, file.etag.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        Some(response)
    }
}

impl File {
    fn new(content: Vec<u8>, content_type: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let etag =
            HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish())).expect("hexadecimal digits and quotes");
        Self {
            content: content.into(),
            etag,
            content_type,
        }
    }

    /// Whether one of a request's tags, weak or strong, is this file's.
    fn is(&self, etags: &HeaderValue) -> bool {
        let Ok(etags) = etags.to_str() else { return false };
        etags
            .split(',')
            .map(str::trim)
            .any(|etag| etag == "*" || etag.trim_start_matches("W/") == self.etag)
    }
}
