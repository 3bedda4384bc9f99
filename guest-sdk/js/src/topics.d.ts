/** Topics of the deployment's own. */

/**
 * The full name of an internal topic of this deployment, made where it is missing, with as many partitions as the inputs. What
 * is emitted to it comes back as input, in the partition of its key: so records are repartitioned. Ask while the plugin opens.
 */
export function internal(name: string): string;
