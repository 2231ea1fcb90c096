import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { BodyRefusal } from './bodies.js';
import { endGently } from './closing.js';
import { PRIVATE_HEADERS } from './private-answers.js';
import { kindOf, problemBody, PROBLEM_TYPE, type Problem } from './problem.js';

/** The error that Node's HTTP parser or its request timeout reports for a connection. */
export type ParserError = Error & { readonly code?: string };

/** The problem for a request that the parser rejected. */
export function problemOfParser({ code }: ParserError): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { code: 'request_timeout' };
  return { code: code === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'malformed_request' };
}

/** The reason for rejecting a body that was being read when the parser failed. */
export function refusalOfParser({ code }: ParserError): BodyRefusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'timeout';
  return code === 'HPE_INVALID_EOF_STATE' ? 'incomplete' : 'malformed';
}

/** Answers on the socket, where there is no request to reply to, and closes the connection. */
export function answerOnSocket(socket: Socket, problem: Problem): void {
  const body = JSON.stringify(problemBody(problem));
  const { status } = kindOf(problem);
  const length = Buffer.byteLength(body);
  const headers = { ...PRIVATE_HEADERS, 'content-type': PROBLEM_TYPE, 'content-length': length, connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  endGently(socket, `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}
