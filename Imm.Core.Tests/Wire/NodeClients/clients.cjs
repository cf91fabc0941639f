// Runs all operations, paging, tags and each error through the vendor's generic clients, unchanged, against the loopback host.
// Usage: node clients.cjs <directory with node_modules> <command that starts the host> [its arguments]
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { createRequire } = require('node:module');
const path = require('node:path');
const readline = require('node:readline');

const [packages, command, ...commandArguments] = process.argv.slice(2);
const load = createRequire(path.join(path.resolve(packages), 'package.json'));
const openapiCore = load('@alicloud/openapi-core');
const openapiClient = load('@alicloud/openapi-client');
const openapiUtil = load('@alicloud/openapi-util').default;
const teaUtil = load('@alicloud/tea-util');
const PopCore = load('@alicloud/pop-core');
const bigJson = createRequire(load.resolve('@alicloud/pop-core'))('json-bigint');

const VERSION = '2020-09-30';
const KEYS = { accessKeyId: 'id', accessKeySecret: 'secret' };

// Each way gives a function (action, parameters) => { status, body }, where an error of the service is a body too. Tags are an array.
function openapi(name, { Client, Config, Request, Runtime }, config, inBody) {
  return {
    name,
    at: (place, keys = KEYS) => {
      const client = new Client(new Config({ ...keys, endpoint: place, protocol: 'HTTP', ...config }));
      return async (action, parameters) => {
        const texts = { ...parameters };
        if (texts.Tag) {
          texts.Tag = openapiUtil.arrayToStringWithSpecifiedStyle(texts.Tag, 'Tag', 'json');
        }

        const api = {
          action, version: VERSION, protocol: 'HTTP', pathname: '/', method: 'POST', authType: 'AK', style: 'RPC', reqBodyType: 'formData', bodyType: 'json',
        };
        const request = new Request(inBody ? { body: texts } : { query: openapiUtil.query(texts) });
        try {
          const answer = await client.callApi(api, request, new Runtime({}));
          return { status: answer.statusCode, body: answer.body };
        } catch (error) {
          if (!error.data) {
            throw error;
          }

          assert.deepEqual(error.accessDeniedDetail ?? undefined, error.data.AccessDeniedDetail);
          // One client puts the status beside the body, the other into it.
          const { statusCode = error.statusCode, ...body } = error.data;
          assert.equal(error.code, body.Code);
          return { status: statusCode, body };
        }
      };
    },
  };
}

function popCore(name, method, spell = action => action) {
  // This client reads large numbers into objects of its own.
  const plain = body => JSON.parse(bigJson.stringify(body));
  return {
    name,
    at: (place, keys = KEYS) => {
      const client = new PopCore({ ...keys, endpoint: `http://${place}`, apiVersion: VERSION }, true);
      return async (action, parameters) => {
        // An empty array has no form of its own here.
        const texts = parameters.Tag?.length === 0 ? { ...parameters, Tag: '[]' } : parameters;
        try {
          const [body, entry] = await client.request(spell(action), texts, { method });
          return { status: entry.response.statusCode, body: plain(body) };
        } catch (error) {
          if (!error.data) {
            throw error;
          }

          assert.equal(error.code, error.data.Code);
          return { status: error.entry.response.statusCode, body: plain(error.data) };
        }
      };
    },
  };
}

const core = {
  Client: openapiCore.default, Config: openapiCore.$OpenApiUtil.Config, Request: openapiCore.$OpenApiUtil.OpenApiRequest, Runtime: load('@darabonba/typescript').RuntimeOptions,
};
const classic = {
  Client: openapiClient.default, Config: openapiClient.Config, Request: openapiClient.OpenApiRequest, Runtime: teaUtil.RuntimeOptions,
};

const ways = [
  openapi('openapi-core, action in the header', core, {}, false),
  openapi('openapi-core, parameters in the body', core, {}, true),
  openapi('openapi-core, signature of the version before', core, { signatureAlgorithm: 'v2' }, false),
  openapi('openapi-client, action in the header', classic, {}, false),
  openapi('openapi-client, parameters in the body', classic, {}, true),
  openapi('openapi-client, signature of the version before', classic, { signatureAlgorithm: 'v2' }, false),
  popCore('pop-core, GET', 'GET'),
  popCore('pop-core, POST', 'POST'),
  // It writes the parameter Action with a capital, but leaves the header x-acs-action as it was given.
  popCore('pop-core, action in lower case', 'GET', action => action[0].toLowerCase() + action.slice(1)),
];

const REQUEST_ID = /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}00\+08:00$/;

function ok({ status, body }, ...members) {
  assert.equal(status, 200, JSON.stringify(body));
  assert.match(body.RequestId, REQUEST_ID);
  assert.deepEqual(Object.keys(body), ['RequestId', ...members]);
  return body;
}

function refused({ status, body }, expectedStatus, code) {
  assert.deepEqual([status, body.Code], [expectedStatus, code], JSON.stringify(body));
  assert.deepEqual(Object.keys(body), ['RequestId', 'HostId', 'Code', 'Message', 'Recommend']);
  assert.match(body.RequestId, REQUEST_ID);
  assert.equal(body.HostId, 'imm.cn-hangzhou.aliyuncs.com');
  assert.equal(body.Recommend, `https://next.api.aliyun.com/troubleshoot?q=${code}&product=imm`);
  return body;
}

async function operations(call) {
  const created = ok(await call('CreateProject', {
    ProjectName: 'photos',
    Description: '相册 a+b&c=d%20 "𠮷" ?#',
    TemplateId: 'Official:ImageManagement',
    DatasetMaxBindCount: 3,
    Tag: [{ Key: '环境', Value: 'test + 1' }, { Key: 'team' }],
  }), 'Project').Project;
  assert.match(created.CreateTime, TIME);
  assert.deepEqual(Object.entries(created), Object.entries({
    ProjectName: 'photos',
    ServiceRole: 'AliyunIMMDefaultRole',
    TemplateId: 'Official:ImageManagement',
    CreateTime: created.CreateTime,
    UpdateTime: created.CreateTime,
    Description: '相册 a+b&c=d%20 "𠮷" ?#',
    ProjectQueriesPerSecond: 100,
    EngineConcurrency: 100,
    ProjectMaxDatasetCount: 1000000000,
    DatasetMaxBindCount: 3,
    DatasetMaxFileCount: 100000000,
    DatasetMaxEntityCount: 10000000000,
    DatasetMaxRelationCount: 100000000000,
    DatasetMaxTotalFileSize: 90000000000000000,
    DatasetCount: 0,
    FileCount: 0,
    TotalFileSize: 0,
    Tags: [{ TagKey: '环境', TagValue: 'test + 1' }, { TagKey: 'team', TagValue: '' }],
  }));
  assert.deepEqual(ok(await call('GetProject', { ProjectName: 'photos', WithStatistics: true }), 'Project').Project, created);

  const updated = ok(await call('UpdateProject', { ProjectName: 'photos', Description: '', DatasetMaxFileCount: 7, Tag: [] }), 'Project').Project;
  assert.ok(updated.UpdateTime > created.UpdateTime);
  assert.deepEqual(updated, { ...created, UpdateTime: updated.UpdateTime, Description: '', DatasetMaxFileCount: 7, Tags: [] });

  ok(await call('DeleteProject', { ProjectName: 'photos' }));
  refused(await call('GetProject', { ProjectName: 'photos' }), 404, 'ResourceNotFound');
}

async function pagesAndTags(call) {
  for (let i = 5; i > 0; i--) {
    ok(await call('CreateProject', { ProjectName: `page-${i}`, Tag: [{ Key: 'odd', Value: `${i % 2}` }, { Key: 'all', Value: 'x' }] }), 'Project');
  }

  const pages = [];
  let token;
  do {
    const page = await call('ListProjects', { Prefix: 'page-', MaxResults: 2, ...(token && { NextToken: token }) });
    token = page.body.NextToken;
    pages.push(ok(page, ...(token ? ['NextToken', 'Projects'] : ['Projects'])).Projects.map(project => project.ProjectName));
  } while (token);
  assert.deepEqual(pages, [['page-1', 'page-2'], ['page-3', 'page-4'], ['page-5']]);

  const odd = ok(await call('ListProjects', { Tag: [{ Key: 'odd', Value: '1' }, { Key: 'all', Value: 'x' }] }), 'Projects').Projects;
  assert.deepEqual(odd.map(project => project.ProjectName), ['page-1', 'page-3', 'page-5']);
  refused(await call('ListProjects', { NextToken: 'none' }), 400, 'InvalidArgument');
  refused(await call('ListProjects', { MaxResults: 201 }), 400, 'InvalidArgument');
  for (let i = 1; i <= 5; i++) {
    ok(await call('DeleteProject', { ProjectName: `page-${i}` }));
  }
}

async function errors(call, full, forbidden, closed) {
  const missing = refused(await call('CreateProject', {}), 400, 'InvalidArgument');
  assert.equal(missing.Message, 'The parameter ProjectName is required but not provided.');
  refused(await call('CreateProject', { ProjectName: '相册' }), 400, 'InvalidArgument');
  refused(await call('CreateProject', { ProjectName: 'p', DatasetMaxBindCount: 'three' }), 400, 'InvalidArgument');
  refused(await call('CreateProject', { ProjectName: 'p', DatasetMaxBindCount: 0 }), 400, 'InvalidArgument');
  refused(await call('CreateProject', { ProjectName: 'p', DatasetMaxBindCount: 11 }), 400, 'LimitExceededError');
  refused(await call('CreateProject', { ProjectName: 'p', DatasetMaxEntityCount: '9223372036854775808' }), 400, 'LimitExceededError');
  refused(await call('CreateProject', { ProjectName: 'p', Tag: [{ Key: 'acs:a', Value: 'b' }] }), 400, 'InvalidArgument');
  refused(await call('CreateProject', { ProjectName: 'p', Tag: Array.from({ length: 21 }, (_, i) => ({ Key: `k${i}` })) }), 400, 'LimitExceededError');
  refused(await call('UpdateProject', { ProjectName: 'p' }), 400, 'InvalidArgument');
  refused(await call('UpdateProject', { ProjectName: 'p', Description: 'd' }), 404, 'ResourceNotFound');
  refused(await call('DeleteProject', { ProjectName: 'p' }), 404, 'ResourceNotFound');
  ok(await call('CreateProject', { ProjectName: 'p' }), 'Project');
  refused(await call('CreateProject', { ProjectName: 'p' }), 400, 'ResourceAlreadyExists');
  ok(await call('CreateDataset', { ProjectName: 'p', DatasetName: 'd' }), 'Dataset');
  refused(await call('DeleteProject', { ProjectName: 'p' }), 400, 'StatusConflict');
  ok(await call('DeleteDataset', { ProjectName: 'p', DatasetName: 'd' }));
  ok(await call('DeleteProject', { ProjectName: 'p' }));
  refused(await call('CreateProjects', { ProjectName: 'p' }), 404, 'InvalidAction.NotFound');
  refused(await full('CreateProject', { ProjectName: 'p' }), 400, 'LimitExceededError');
  refused(await forbidden('ListProjects', {}), 403, 'NoPermission');
  refused(await closed('ListProjects', {}), 503, 'ServiceUnavailable');
}

async function signatures(way, place, late) {
  const as = (accessKeyId, accessKeySecret, securityToken) =>
    way.at(place, { accessKeyId, accessKeySecret, ...(securityToken && { securityToken }) });
  const builder = as('id', 'secret');
  ok(await builder('CreateProject', { ProjectName: 'signed', Description: "a b+c*d~e/f=g&h?i%j'k(l)m!n 相册 😀" }), 'Project');
  for (const reader of [as('reader', 'secret-of-reader'), as('STS.reader', 'secret-of-reader', 'token/+=')]) {
    ok(await reader('GetProject', { ProjectName: 'signed' }), 'Project');
    const { status, body } = await reader('DeleteProject', { ProjectName: 'signed' });
    assert.deepEqual([status, body.Code], [403, 'NoPermission']);
    const { EncodedDiagnosticMessage, ...detail } = body.AccessDeniedDetail;
    assert.ok(EncodedDiagnosticMessage.startsWith('AQ'));
    assert.deepEqual(detail, {
      PolicyType: 'AccountLevelIdentityBasedPolicy',
      AuthPrincipalOwnerId: '1234567890',
      AuthPrincipalType: 'AssumedRoleUser',
      AuthPrincipalDisplayName: 'reader:node',
      NoPermissionType: 'ImplicitDeny',
      AuthAction: 'imm:DeleteProject',
    });
  }

  const wrong = refused(await as('id', 'wrong')('GetProject', { ProjectName: 'signed' }), 400, 'SignatureDoesNotMatch');
  assert.ok(wrong.Message.startsWith('Specified signature is not matched with our calculation. server string to sign is:'), wrong.Message);
  refused(await as('nobody', 'secret')('GetProject', { ProjectName: 'signed' }), 404, 'InvalidAccessKeyId.NotFound');
  refused(await as('off', 'secret')('GetProject', { ProjectName: 'signed' }), 400, 'InvalidAccessKeyId.Inactive');
  refused(await as('STS.reader', 'secret-of-reader')('GetProject', { ProjectName: 'signed' }), 400, 'MissingSecurityToken');
  refused(await as('STS.reader', 'secret-of-reader', 'other')('GetProject', { ProjectName: 'signed' }), 400, 'InvalidSecurityToken.MismatchWithAccessKey');
  refused(await way.at(late)('GetProject', { ProjectName: 'signed' }), 400, 'InvalidTimeStamp.Expired');
  if (way.name.startsWith('pop-core')) {
    // The other clients make a new nonce for each request, and take none from the caller.
    const once = { ProjectName: 'signed', SignatureNonce: `once ${way.name}` };
    ok(await builder('GetProject', once), 'Project');
    refused(await builder('GetProject', once), 400, 'SignatureNonceUsed');
  }

  ok(await builder('DeleteProject', { ProjectName: 'signed' }));
}

async function main() {
  const host = spawn(command, commandArguments, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [line] = await readline.createInterface({ input: host.stdout })[Symbol.asyncIterator]().next().then(first => [first.value]);
    assert.ok(line, 'The host did not start.');
    const places = JSON.parse(line);
    let failures = 0;
    for (const way of ways) {
      const [open, full, forbidden, closed] = ['open', 'full', 'forbidden', 'closed'].map(name => way.at(places[name]));
      for (const [what, run] of Object.entries({
        'all operations': () => operations(open), 'pages and tags': () => pagesAndTags(open), 'each error': () => errors(open, full, forbidden, closed),
        'signatures and policies': () => signatures(way, places.signed, places.late),
      })) {
        try {
          await run();
          console.log(`ok      ${way.name}: ${what}`);
        } catch (error) {
          failures++;
          console.log(`FAILED  ${way.name}: ${what}`);
          console.log(error);
        }
      }
    }

    return failures === 0 ? 0 : 1;
  } finally {
    host.stdin.end();
  }
}

main().then(code => process.exit(code), error => {
  console.error(error);
  process.exit(1);
});
