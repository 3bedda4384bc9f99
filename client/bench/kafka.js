/** Apache Kafka, one node, as it comes: installed from Maven Central where it is missing. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Kafka, logLevel } from 'kafkajs';

import { dataFolder, freePort, start } from './server.js';

const VERSION = '4.3.1';

const dependency = (artifact) =>
  `<dependency><groupId>org.apache.kafka</groupId><artifactId>${artifact}</artifactId><version>${VERSION}</version></dependency>`;

const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>do.kafka</groupId><artifactId>bench</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${['kafka_2.13', 'kafka-tools'].map(dependency).join('\n    ')}
  </dependencies>
</project>
`;

/** The folder of its libraries. */
function install(folder) {
  const libs = join(folder, 'libs');
  if (!existsSync(join(libs, `kafka_2.13-${VERSION}.jar`))) {
    console.error(`Installing Apache Kafka ${VERSION} into ${folder}.`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'pom.xml'), POM);
    try {
      const args = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${libs}`];
      execFileSync('mvn', args, { cwd: folder, stdio: ['ignore', process.stderr, process.stderr] });
    } catch (error) {
      throw new Error('Apache Kafka did not install; it needs mvn and Java 17 (apt-get install maven)', { cause: error });
    }
  }
  return join(libs, '*');
}

/** Starts it; answers where it is. */
export async function startKafka(folder) {
  const libs = install(folder);
  const data = dataFolder('kafka');
  const [broker, controller] = [await freePort(), await freePort()];
  const config = join(data, 'server.properties');
  writeFileSync(
    config,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${broker}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=${join(data, 'log')}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`,
  );
  const tool = (...args) =>
    execFileSync('java', ['-cp', libs, 'kafka.tools.StorageTool', ...args], { encoding: 'utf8', stdio: 'pipe' });
  tool('format', '-t', tool('random-uuid').trim().split('\n').at(-1), '-c', config);
  const address = `127.0.0.1:${broker}`;
  const admin = new Kafka({ brokers: [address], retry: { retries: 0 }, logLevel: logLevel.NOTHING }).admin();
  const isReady = async () => {
    await admin.connect();
    await admin.describeCluster();
    await admin.disconnect();
  };
  const stop = await start('java', ['-Xmx1g', '-cp', libs, 'kafka.Kafka', config], { data, isReady });
  return { address, stop };
}
