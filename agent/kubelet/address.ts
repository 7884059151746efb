import { isIPv6 } from "node:net";
import type { KubeletRules } from "./rules.ts";

/** Host (with port) and path of a key, decoded, as strings of one unit per byte. */
export interface Address {
  readonly host: string;
  readonly path: string;
}

/** Why a text is no address. */
export interface AddressFault {
  readonly why: string;
}

const PORT = /^(?::[0-9]*)?$/;
const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/;
/** ASCII that a host may hold as it is; bytes from 0x80 on pass. */
const HOST = /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%]|[\x80-\xff])*$/;
const ZONE_ESCAPED = /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]$/;
const USER = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\x00-\x1f\x7f]/;
/** In a host only a percent sign and bytes from 0x80 on may be escaped. */
const HOST_ESCAPE = /%(?!25|[89a-fA-F][0-9a-fA-F])/;

/**
 * Reads what stands behind `https://` as Go's net/url does: login, query and fragment are dropped,
 * escapes in host and path are decoded.
 *
 * Source: Go 1.25 net/url (Parse, parseHost, unescape).
 */
export function parseAddress(text: string, rules: KubeletRules): Address | AddressFault {
  const [beforeFragment = "", fragment = ""] = cut(text, "#");
  if (CONTROL.test(beforeFragment)) return { why: "it holds a control character" };
  const [address = ""] = cut(beforeFragment, "?");
  const slash = address.indexOf("/");
  const authority = slash < 0 ? address : address.slice(0, slash);
  const path = slash < 0 ? "" : address.slice(slash);
  if (BAD_ESCAPE.test(address) || BAD_ESCAPE.test(fragment))
    return { why: "it holds a % that begins no escape" };
  const at = authority.lastIndexOf("@");
  if (at >= 0 && !USER.test(authority.slice(0, at)))
    return { why: "its login holds a character that none may" };
  const host = parseHost(authority.slice(at + 1), rules);
  return typeof host === "string" ? { host, path: decodeEscapes(path) } : host;
}

function parseHost(text: string, rules: KubeletRules): string | AddressFault {
  const bracket = text.lastIndexOf("[");
  if (rules.bracketsHold === "ipv6" && bracket > 0) {
    return { why: "brackets in a host may only hold an IPv6 address" };
  }
  if (text.startsWith("[")) return parseLiteral(text, rules);
  const colon = text.lastIndexOf(":");
  if (colon >= 0 && !PORT.test(text.slice(colon))) return { why: "its port is not a number" };
  return unescapeHost(text);
}

/** `[IPv6]`, perhaps with a zone (`%25eth0`) and a port. */
function parseLiteral(text: string, rules: KubeletRules): string | AddressFault {
  const close = text.lastIndexOf("]");
  if (close < 0) return { why: "its [ has no ]" };
  if (!PORT.test(text.slice(close + 1))) return { why: "its port is not a number" };
  const inner = text.slice(0, close);
  const zone = inner.indexOf("%25");
  const host = unescapeHost(zone < 0 ? inner : inner.slice(0, zone));
  if (typeof host !== "string") return host;
  const zoneText = zone < 0 ? "" : unescapeZone(inner.slice(zone));
  if (typeof zoneText !== "string") return zoneText;
  const literal = host + zoneText;
  if (rules.bracketsHold === "ipv6" && !isLiteral(literal.slice(1))) {
    return { why: "brackets in a host may only hold an IPv6 address" };
  }
  return literal + text.slice(close);
}

/** net/netip, ParseAddr: a zone is anything but empty. */
function isLiteral(text: string): boolean {
  const [address = "", zone] = cut(text, "%");
  return isIPv6(address) && zone !== "";
}

function unescapeHost(text: string): string | AddressFault {
  if (!HOST.test(text)) return { why: "its host holds a character that none may" };
  if (HOST_ESCAPE.test(text)) return { why: "its host holds an escape that none may" };
  return decodeEscapes(text);
}

/** A zone may escape what a host could hold as it is, the space, and the percent sign. */
function unescapeZone(text: string): string | AddressFault {
  const badEscape = [...text.matchAll(/%[0-9a-fA-F]{2}/g)].some(
    ([one]) => one !== "%25" && one !== "%20" && !ZONE_ESCAPED.test(decodeEscapes(one)),
  );
  return badEscape || !HOST.test(text)
    ? { why: "its zone holds a character that none may" }
    : decodeEscapes(text);
}

function decodeEscapes(text: string): string {
  return text.replaceAll(/%([0-9a-fA-F]{2})/g, (_whole, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** The parts before and behind the first sign; one part without it. */
function cut(text: string, sign: string): string[] {
  const at = text.indexOf(sign);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + sign.length)];
}
