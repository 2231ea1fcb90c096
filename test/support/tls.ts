import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * A self-signed certificate for localhost, 127.0.0.1 and ::1, valid until 2126, and its key. Made with
 * openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
 * -addext subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1 -keyout key.pem -out certificate.pem
 */
export const certificateFile = resolve('test/fixtures/tls/certificate.pem');
export const keyFile = resolve('test/fixtures/tls/key.pem');
export const testTls = { certificate: readFileSync(certificateFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };

/** The connection string of a server with the test certificate, with these credentials ("user:password"). */
export const securedUrl = (url: string, credentials?: string): string =>
  `${url.replace('://', credentials === undefined ? '://' : `://${credentials}@`)}&tlsCAFile=${certificateFile}`;
