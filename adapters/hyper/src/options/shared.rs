//! The methods that both builders have.

/// The methods for [`Options`](super::Options), for a builder with a field `options`.
macro_rules! shared_settings {
    ($builder:ident) => {
        /// Whether the path that clients ask for must end in `/`, as theirs does unless they are told otherwise. Default true; false
        /// serves them with and without it.
        #[must_use]
        pub fn add_trailing_slash(mut self, add: bool) -> Self {
            self.options.trailing_slash = add;
            self
        }

        /// Whether the headers of a client's first request are kept for [`Handshake::headers`](crate::Handshake::headers). Default
        /// false: they may hold secrets, and cost some kilobytes a client.
        #[must_use]
        pub fn keep_headers(mut self, keep: bool) -> Self {
            self.options.keep_headers = keep;
            self
        }

        /// How many sessions there may be at a time. One more client is refused with status 403 and the message `too many sessions`;
        /// those that are there do not notice. Default 100,000: a session that nobody uses costs some kilobytes until it times out, and
        /// a request is all that it takes to begin one.
        #[must_use]
        pub fn max_sessions(mut self, max: usize) -> Self {
            self.options.max_sessions = max;
            self
        }

        /// How long a connection may take for the head of a request, from when it is accepted or has got its last answer: so also how
        /// long it may be idle. Then it is closed, or up to a quarter of that time later. Default 30 s. It is for connections that
        /// `listen` and `serve` accept; others are their server's.
        #[must_use]
        pub fn header_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options.header_timeout = timeout;
            self
        }

        /// How long the body of a POST may take from when there is room to read it. Then the request is answered with status 408, and
        /// its session closed as if the client had broken the POST off. Default 20 s: the largest body at 50 kB/s.
        #[must_use]
        pub fn body_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options.body_timeout = timeout;
            self
        }

        /// How long `close` waits for clients to take leave. Default 10 s.
        #[must_use]
        pub fn close_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options.close_timeout = timeout;
            self
        }

        /// Lets pages of other origins in, as [`tower_http`]'s layer does it; it is here again as [`cors`](mod@crate::cors). Default: no
        /// header for that, so browsers keep them out. Whatever is below the server's path is answered so, refusals and
        /// preflights too.
        ///
        /// ```
        #[doc = concat!("# use socketio_hyper::{Runtime, ", stringify!($builder), "};")]
        /// use socketio_hyper::cors::CorsLayer;
        /// use socketio_hyper::http::{HeaderValue, Method};
        ///
        #[doc = concat!("# fn example<R: Runtime>(builder: ", stringify!($builder), "<R>) {")]
        /// let cors = CorsLayer::new()
        ///     .allow_origin([HeaderValue::from_static("https://example.com")])
        ///     .allow_methods([Method::GET, Method::POST])
        ///     .allow_credentials(true);
        /// let builder = builder.cors(cors);
        /// # }
        /// ```
        ///
        /// # Panics
        ///
        /// If the layer combines credentials with a wildcard, which browsers do not take.
        #[must_use]
        pub fn cors(mut self, cors: impl Into<Option<tower_http::cors::CorsLayer>>) -> Self {
            self.options.cors = cors.into();
            let _checked = self
                .options
                .cors
                .as_ref()
                .map(|cors| tower_layer::Layer::layer(cors, ()));
            self
        }

        /// From how many bytes on the answers of long-polling are compressed, by gzip or deflate, for clients whose requests say that
        /// they take it; `None` never compresses. Default 1024: what is shorter hardly gets shorter.
        #[must_use]
        pub fn http_compression(mut self, threshold: impl Into<Option<usize>>) -> Self {
            self.options.compression = threshold.into();
            self
        }

        /// Compresses WebSocket messages for clients that ask for it, which browsers do. Default: no compression, since it costs memory
        /// and time.
        #[must_use]
        pub fn per_message_deflate(mut self, settings: impl Into<Option<crate::PerMessageDeflate>>) -> Self {
            self.options.per_message_deflate = settings.into();
            self
        }

        /// Sets a cookie with the session id in the answer to long-polling handshakes, for load balancers that keep a client on one
        /// server by it. Default: none. A session that begins on a WebSocket never needs it.
        #[must_use]
        pub fn cookie(mut self, cookie: impl Into<Option<crate::Cookie>>) -> Self {
            self.options.cookie = cookie.into();
            self
        }

        /// Asks `hook` about each request that begins a session. Its error is what the client is told: status 403,
        /// `{"code":4,"message":…}`. Other requests go on while it waits, and it is dropped if the client gives up. One that panics
        /// refuses.
        ///
        /// ```
        #[doc = concat!("# use socketio_hyper::{Runtime, ", stringify!($builder), "};")]
        /// use socketio_hyper::RequestHead;
        ///
        #[doc = concat!("# fn example<R: Runtime>(builder: ", stringify!($builder), "<R>) {")]
        /// let builder = builder.allow_request(async |request: RequestHead| {
        ///     if request.headers().contains_key("authorization") { Ok(()) } else { Err("who are you?") }
        /// });
        /// # }
        /// ```
        #[must_use]
        pub fn allow_request<F, Fut, M>(mut self, hook: F) -> Self
        where
            F: Fn(crate::RequestHead) -> Fut + Send + Sync + 'static,
            Fut: std::future::Future<Output = Result<(), M>> + Send + 'static,
            M: Into<std::borrow::Cow<'static, str>>,
        {
            self.options.gate.set_allow_request(hook);
            self
        }

        /// Makes the ids of sessions, for servers behind a load balancer that reads something from them. Default: 120 bits from the
        /// operating system. **An id is a secret**: whoever can guess it owns the session, so let most of it be random.
        /// [`Sid::parse`](crate::Sid::parse) checks the form.
        ///
        /// An id that another session has is not used; after three of them the client is refused, as it is if there is none, or if `hook`
        /// panics: status 400, code 3.
        #[must_use]
        pub fn generate_id(
            mut self,
            hook: impl Fn(&crate::RequestHead) -> Option<crate::Sid> + Send + Sync + 'static,
        ) -> Self {
            self.options.gate.set_generate_id(hook);
            self
        }

        /// Calls `hook` when a request is refused, whether it would have begun a session or not: why, and what it was. Unknown sessions
        /// are often those of another process behind a load balancer that does not keep clients on one. Refusals are also logged,
        /// at the level `debug`.
        #[must_use]
        pub fn on_connection_error(
            mut self,
            hook: impl Fn(&crate::RequestHead, &crate::Refusal) + Send + Sync + 'static,
        ) -> Self {
            self.options.gate.set_on_connection_error(hook);
            self
        }
    };
}

pub(crate) use shared_settings;
