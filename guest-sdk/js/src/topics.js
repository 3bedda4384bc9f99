/** Topics of the deployment's own. */

import { ask } from './failure.js';
import { session } from './session.js';

export function internal(name) {
  const { imports, topics } = session();
  // The host answers only while the plugin opens; one that opens again, after a call that failed, is told what it was told.
  if (!topics.has(name)) {
    topics.set(
      name,
      ask(() => imports.topics.internal(name)),
    );
  }
  return topics.get(name);
}
