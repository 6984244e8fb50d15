//! What client and server agree on, RFC 7692, section 7.1.

use http::HeaderMap;
use http::header::{HeaderValue, SEC_WEBSOCKET_EXTENSIONS};

use super::PerMessageDeflate;
use super::offers::{Offer, offers};

/// How messages are compressed on one WebSocket.
///
/// The windows always have their full size of 2^15 bytes: a smaller one would save less than forgetting it between messages, which
/// is the default, and the compressor cannot be told to. So an offer that insists on it is declined, and a client that would allow
/// the server to ask for a smaller one is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(super) threshold: usize,
    pub(super) level: u32,
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    /// The client wants to be told the size of the server's window.
    pub(super) server_max_window_bits: bool,
}

impl Agreement {
    /// Accepts the first offer that is acceptable. A client that makes none, or whose header is broken, is served without compression.
    pub(crate) fn negotiate(settings: &PerMessageDeflate, headers: &HeaderMap) -> Option<Self> {
        let mut accepted = None;
        for header in headers.get_all(SEC_WEBSOCKET_EXTENSIONS) {
            let offers = offers(header.to_str().ok()?)?;
            accepted = accepted.or_else(|| offers.iter().find_map(|offer| Self::accept(settings, offer)));
        }
        accepted
    }

    /// The header that tells the client what was agreed on.
    pub(crate) fn header(&self) -> HeaderValue {
        let mut header = "permessage-deflate".to_owned();
        let parameters = [
            (self.server_no_context_takeover, "; server_no_context_takeover"),
            (self.client_no_context_takeover, "; client_no_context_takeover"),
            (self.server_max_window_bits, "; server_max_window_bits=15"),
        ];
        parameters
            .into_iter()
            .filter(|(present, _)| *present)
            .for_each(|(_, parameter)| header.push_str(parameter));
        HeaderValue::try_from(header).expect("these are tokens")
    }

    /// None if the offer asks for something unknown, or twice for the same.
    fn accept(settings: &PerMessageDeflate, offer: &Offer<'_>) -> Option<Self> {
        if offer.name != "permessage-deflate" {
            return None;
        }
        let [
            mut server_no_context,
            mut client_no_context,
            mut server_window,
            mut client_window,
        ] = [false; 4];
        for (name, value) in &offer.parameters {
            let seen = match (*name, value.as_deref()) {
                ("server_no_context_takeover", None) => &mut server_no_context,
                ("client_no_context_takeover", None) => &mut client_no_context,
                ("server_max_window_bits", Some("15")) => &mut server_window,
                ("client_max_window_bits", None | Some("8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")) => {
                    &mut client_window
                }
                _ => return None,
            };
            if std::mem::replace(seen, true) {
                return None;
            }
        }
        Some(Self {
            threshold: settings.threshold,
            level: settings.level,
            server_no_context_takeover: settings.server_no_context_takeover || server_no_context,
            client_no_context_takeover: settings.client_no_context_takeover || client_no_context,
            server_max_window_bits: server_window,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    /// The answer to these headers; empty if there is none.
    fn answer(settings: &PerMessageDeflate, headers: &[&str]) -> String {
        let headers = headers
            .iter()
            .map(|header| (SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_str(header).unwrap()))
            .collect();
        let agreement = Agreement::negotiate(settings, &headers);
        agreement.map_or_else(String::new, |agreement| agreement.header().to_str().unwrap().to_owned())
    }

    fn default_answer(header: &str) -> String {
        answer(&PerMessageDeflate::new(), &[header])
    }

    #[test]
    fn the_offers_of_browsers_and_of_node_are_accepted() {
        for header in ["permessage-deflate", "permessage-deflate; client_max_window_bits"] {
            assert_eq!(default_answer(header), BOTH);
        }
    }

    #[test]
    fn each_parameter_is_answered() {
        let keep = PerMessageDeflate::new()
            .server_no_context_takeover(false)
            .client_no_context_takeover(false);
        for (offered, answered) in [
            ("", ""),
            ("; server_no_context_takeover", "; server_no_context_takeover"),
            ("; client_no_context_takeover", "; client_no_context_takeover"),
            ("; server_max_window_bits=15", "; server_max_window_bits=15"),
            ("; server_max_window_bits=\"15\"", "; server_max_window_bits=15"),
            ("; client_max_window_bits=8", ""),
            ("; client_max_window_bits=\"15\"", ""),
        ] {
            let answer = answer(&keep, &[&format!("permessage-deflate{offered}")]);
            assert_eq!(answer, format!("permessage-deflate{answered}"));
        }
    }

    #[test]
    fn the_first_acceptable_of_several_offers_is_accepted() {
        let last = "permessage-deflate; server_max_window_bits=15";
        let header = format!(
            "x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=10, {last}, permessage-deflate"
        );
        assert_eq!(default_answer(&header), format!("{BOTH}; server_max_window_bits=15"));
        let settings = PerMessageDeflate::new();
        assert_eq!(answer(&settings, &["foo", "permessage-deflate"]), BOTH);
        assert_eq!(answer(&settings, &["permessage-deflate", "foo;bar"]), BOTH);
    }

    #[test]
    fn offers_that_cannot_be_kept_or_understood_are_declined() {
        for parameters in [
            "server_max_window_bits=14",
            "server_max_window_bits=8",
            "server_max_window_bits",
            "server_max_window_bits=16",
            "server_max_window_bits=015",
            "client_max_window_bits=7",
            "client_max_window_bits=16",
            "client_max_window_bits=08",
            "client_max_window_bits=",
            "client_max_window_bits=x",
            "server_no_context_takeover=1",
            "client_no_context_takeover=true",
            "client_no_context_takeover; client_no_context_takeover",
            "client_max_window_bits; client_max_window_bits=10",
            "server_max_window_bits=15; server_max_window_bits=15",
            "unknown",
            "Server_no_context_takeover",
            "mem_level=1",
        ] {
            assert_eq!(
                default_answer(&format!("permessage-deflate; {parameters}")),
                "",
                "{parameters}"
            );
        }
        assert_eq!(default_answer("permessage-bzip2"), "");
        assert_eq!(default_answer(""), "");
    }

    #[test]
    fn a_broken_header_is_worth_nothing() {
        let settings = PerMessageDeflate::new();
        assert_eq!(answer(&settings, &["permessage-deflate, ;"]), "");
        assert_eq!(answer(&settings, &["permessage-deflate", "\"\""]), "");
        assert_eq!(answer(&settings, &[]), "");
    }
}
