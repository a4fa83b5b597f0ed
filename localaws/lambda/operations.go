package lambda

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"

	"crawlerless/localaws/wire"
)

// All routes on one page. What travels in query, headers and body is in the
// schema of the SDK's types.
func (s *Service) operations() []wire.Operation {
	const functions = "/2015-03-31/functions"
	const one = functions + "/{FunctionName}"
	const eventInvoke = "/2019-09-25/functions/{FunctionName}/event-invoke-config"
	const tags = "/2017-03-31/tags/{Resource}"
	rest := func(method, path string, status int, op wire.Operation) wire.Operation {
		op.Method, op.Path, op.Status = method, path, status
		return op
	}
	return []wire.Operation{
		rest("POST", functions, 201, wire.Op("CreateFunction", s.createFunction, s.createAccess,
			"Code", "FunctionName", "Role", "Architectures", "DeadLetterConfig", "Description", "Environment", "EphemeralStorage",
			"Handler", "LoggingConfig", "MemorySize", "PackageType", "Publish", "Runtime", "SnapStart", "Tags", "Timeout",
			"TracingConfig", "VpcConfig", "Layers", "FileSystemConfigs")),
		rest("GET", functions, 0, wire.Op("ListFunctions", s.listFunctions, nil, "Marker", "MaxItems", "FunctionVersion")),
		rest("GET", one, 0, wire.Op("GetFunction", s.getFunction,
			wire.On("GetFunction", func(in *sdk.GetFunctionInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "Qualifier")),
		rest("DELETE", one, 204, wire.Op("DeleteFunction", s.deleteFunction,
			wire.On("DeleteFunction", func(in *sdk.DeleteFunctionInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "Qualifier")),
		rest("GET", one+"/configuration", 0, wire.Op("GetFunctionConfiguration", s.getFunctionConfiguration,
			wire.On("GetFunctionConfiguration", func(in *sdk.GetFunctionConfigurationInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "Qualifier")),
		rest("PUT", one+"/configuration", 0, wire.Op("UpdateFunctionConfiguration", s.updateFunctionConfiguration, s.updateConfigurationAccess,
			"FunctionName", "DeadLetterConfig", "Description", "Environment", "EphemeralStorage", "Handler", "LoggingConfig", "MemorySize",
			"RevisionId", "Role", "Runtime", "SnapStart", "Timeout", "TracingConfig", "VpcConfig", "Layers", "FileSystemConfigs")),
		rest("PUT", one+"/code", 0, wire.Op("UpdateFunctionCode", s.updateFunctionCode,
			wire.On("UpdateFunctionCode", func(in *sdk.UpdateFunctionCodeInput) string { return s.arnOf(in.FunctionName) }),
			"FunctionName", "Architectures", "DryRun", "Publish", "RevisionId", "S3Bucket", "S3Key", "S3ObjectVersion", "ZipFile")),
		rest("GET", one+"/versions", 0, wire.Op("ListVersionsByFunction", s.listVersions,
			wire.On("ListVersionsByFunction", func(in *sdk.ListVersionsByFunctionInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "Marker", "MaxItems")),
		rest("GET", one+"/aliases", 0, wire.Op("ListAliases", s.listAliases,
			wire.On("ListAliases", func(in *sdk.ListAliasesInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "Marker", "MaxItems", "FunctionVersion")),
		rest("GET", "/2020-06-30/functions/{FunctionName}/code-signing-config", 0, wire.Op("GetFunctionCodeSigningConfig", s.getCodeSigning,
			wire.On("GetFunctionCodeSigningConfig", func(in *sdk.GetFunctionCodeSigningConfigInput) string { return s.arnOf(in.FunctionName) }), "FunctionName")),
		rest("GET", "/2021-07-20/functions/{FunctionName}/runtime-management-config", 0, wire.Op("GetRuntimeManagementConfig", s.getRuntimeManagement,
			wire.On("GetRuntimeManagementConfig", func(in *sdk.GetRuntimeManagementConfigInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "Qualifier")),
		rest("GET", "/2024-08-31/functions/{FunctionName}/recursion-config", 0, wire.Op("GetFunctionRecursionConfig", s.getRecursion,
			wire.On("GetFunctionRecursionConfig", func(in *sdk.GetFunctionRecursionConfigInput) string { return s.arnOf(in.FunctionName) }), "FunctionName")),
		rest("GET", "/2016-08-19/account-settings", 0, wire.Op("GetAccountSettings", s.getAccountSettings, nil)),

		rest("GET", one+"/policy", 0, wire.Op("GetPolicy", s.getPolicy,
			wire.On("GetPolicy", func(in *sdk.GetPolicyInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "Qualifier")),
		rest("POST", one+"/policy", 201, wire.Op("AddPermission", s.addPermission,
			wire.On("AddPermission", func(in *sdk.AddPermissionInput) string { return s.arnOf(in.FunctionName) }),
			"FunctionName", "Action", "Principal", "StatementId", "PrincipalOrgID", "Qualifier", "RevisionId", "SourceAccount", "SourceArn")),
		rest("DELETE", one+"/policy/{StatementId}", 204, wire.Op("RemovePermission", s.removePermission,
			wire.On("RemovePermission", func(in *sdk.RemovePermissionInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "StatementId", "Qualifier", "RevisionId")),

		rest("GET", tags, 0, wire.Op("ListTags", s.listTags,
			wire.On("ListTags", func(in *sdk.ListTagsInput) string { return s.arnOf(in.Resource) }), "Resource")),
		rest("POST", tags, 204, wire.Op("TagResource", s.tagResource,
			wire.On("TagResource", func(in *sdk.TagResourceInput) string { return s.arnOf(in.Resource) }), "Resource", "Tags")),
		rest("DELETE", tags, 204, wire.Op("UntagResource", s.untagResource,
			wire.On("UntagResource", func(in *sdk.UntagResourceInput) string { return s.arnOf(in.Resource) }), "Resource", "TagKeys")),

		rest("PUT", "/2017-10-31/functions/{FunctionName}/concurrency", 0, wire.Op("PutFunctionConcurrency", s.putConcurrency,
			wire.On("PutFunctionConcurrency", func(in *sdk.PutFunctionConcurrencyInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "ReservedConcurrentExecutions")),
		rest("DELETE", "/2017-10-31/functions/{FunctionName}/concurrency", 204, wire.Op("DeleteFunctionConcurrency", s.deleteConcurrency,
			wire.On("DeleteFunctionConcurrency", func(in *sdk.DeleteFunctionConcurrencyInput) string { return s.arnOf(in.FunctionName) }), "FunctionName")),
		rest("GET", "/2019-09-30/functions/{FunctionName}/concurrency", 0, wire.Op("GetFunctionConcurrency", s.getConcurrency,
			wire.On("GetFunctionConcurrency", func(in *sdk.GetFunctionConcurrencyInput) string { return s.arnOf(in.FunctionName) }), "FunctionName")),

		rest("PUT", eventInvoke, 0, wire.Op("PutFunctionEventInvokeConfig", s.putEventInvoke,
			wire.On("PutFunctionEventInvokeConfig", func(in *sdk.PutFunctionEventInvokeConfigInput) string { return s.arnOf(in.FunctionName) }),
			"FunctionName", "DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "Qualifier")),
		rest("POST", eventInvoke, 0, wire.Op("UpdateFunctionEventInvokeConfig", s.updateEventInvoke,
			wire.On("UpdateFunctionEventInvokeConfig", func(in *sdk.UpdateFunctionEventInvokeConfigInput) string { return s.arnOf(in.FunctionName) }),
			"FunctionName", "DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "Qualifier")),
		rest("GET", eventInvoke, 0, wire.Op("GetFunctionEventInvokeConfig", s.getEventInvoke,
			wire.On("GetFunctionEventInvokeConfig", func(in *sdk.GetFunctionEventInvokeConfigInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "Qualifier")),
		rest("DELETE", eventInvoke, 204, wire.Op("DeleteFunctionEventInvokeConfig", s.deleteEventInvoke,
			wire.On("DeleteFunctionEventInvokeConfig", func(in *sdk.DeleteFunctionEventInvokeConfigInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "Qualifier")),
		rest("GET", eventInvoke+"/list", 0, wire.Op("ListFunctionEventInvokeConfigs", s.listEventInvoke,
			wire.On("ListFunctionEventInvokeConfigs", func(in *sdk.ListFunctionEventInvokeConfigsInput) string { return s.arnOf(in.FunctionName) }), "FunctionName", "Marker", "MaxItems")),
		rest("POST", one+"/invocations", 0, wire.Op("Invoke", s.invoke, s.invokeAccess,
			"FunctionName", "ClientContext", "InvocationType", "LogType", "Payload", "Qualifier")),
	}
}

// passRole is the permission to hand a role to Lambda.
func passRole(role string) wire.Access {
	return wire.Access{Action: "iam:PassRole", Resource: role, Conditions: map[string][]string{"iam:PassedToService": {servicePrincipal}}}
}

func (s *Service) createAccess(in *sdk.CreateFunctionInput) []wire.Access {
	return []wire.Access{{Action: "CreateFunction", Resource: s.arnOf(in.FunctionName)}, passRole(aws.ToString(in.Role))}
}

func (s *Service) updateConfigurationAccess(in *sdk.UpdateFunctionConfigurationInput) []wire.Access {
	need := []wire.Access{{Action: "UpdateFunctionConfiguration", Resource: s.arnOf(in.FunctionName)}}
	if in.Role != nil {
		need = append(need, passRole(*in.Role))
	}
	return need
}

// invokeAccess: the action of Invoke is lambda:InvokeFunction, and the
// function's own policy may grant it.
func (s *Service) invokeAccess(in *sdk.InvokeInput) []wire.Access {
	a := wire.Access{Action: "InvokeFunction", Resource: s.arnOf(in.FunctionName)}
	if f, err := s.lookup(in.FunctionName, nil); err == nil {
		s.mu.Lock()
		a.ResourcePolicy = f.policy.document()
		s.mu.Unlock()
	}
	return []wire.Access{a}
}
